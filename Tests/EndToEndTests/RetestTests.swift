import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// What becomes of what is served when the rules of testing change: real registries, one after the other on the same
/// storage, and real children.
@Suite(.serialized) struct RetestTests {
    private static let models = ["sample/gemma-3-tiny-it", "sample/gemma-3-tiny-sharded", "sample/gemma-4-tiny"]

    @Test func changedBoundsTakeEffectTogetherWhenEverythingServedHasBeenTested() async throws {
        try await Shelf.open { shelf in
            let old = try await shelf.use { registry in
                for model in Self.models { try await shelf.mirror(model, registry) }
                return try #require(try await Self.rows(registry).first?.identity)
            }
            // tiny-it gets the triage model's entry with a bound that it cannot keep, the others of its kind a bound
            // that they can.
            let tighter = [
                #"["*/gemma-3-tiny-triage"]"#: #"["*/gemma-3-tiny-it"]"#,
                "maximum-mean-nll: 1.5, warn-mean-nll: 1.5, min": "maximum-mean-nll: 0.01, warn-mean-nll: 0.01, min",
                "maximum-mean-nll: 1.5, warn-mean-nll: 1.5 }": "maximum-mean-nll: 1.4, warn-mean-nll: 1.4 }",
            ]
            try await shelf.use(policy: tighter) { registry in
                try await registry.applyPolicy()
                let answer = try await Retest().perform(in: registry) { _ in }
                #expect(answer.rows.map(\.state) == [.untested, .untested, .current])
                #expect(answer.tested == 1 && answer.total == 3)
                #expect(answer.changes.contains { $0.hasPrefix("bounds ") })
                #expect(answer.changes.contains { $0.hasPrefix("probe set sample-gemma-3 ") })
                #expect(try await registry.servedModels().count == 3)
                let passing = try #require(answer.rows.first { $0.repository.description == Self.models[1] })
                try await shelf.keepTrial(of: passing, registry)
            }
            // One trial is there, and the registry starts anew: it goes on with the other.
            try await shelf.use(policy: tighter) { registry in
                let answer = try await Retest().perform(in: registry) { _ in }
                #expect(answer.rows.map(\.state) == [.untested, .tested, .current])
                #expect(try await registry.servedModels().count == 3)

                _ = try await Retest(now: true).perform(in: registry) { _ in }
                #expect(
                    try await registry.servedModels().map(\.repository.description) == Array(Self.models[1...]))
                let name = try RepositoryID(Self.models[0])
                let refused = try #require(try await registry.catalog.snapshot(name, .main))
                #expect(refused.decision?.reason?.rule == "smoke-test")
                #expect(refused.evidence[.smokeTest]?.test?.identity != old)
                #expect(refused.evidence[.smokeTest]?.test?.bounds["maximum-mean-nll"] == 0.01)
                // Its bytes stay: the next change may admit it again.
                #expect(try await registry.catalog.removals().values.allSatisfy { $0 == nil })
                let shown = try await ShowModel(repository: name, revision: nil).perform(in: registry) { _ in }
                #expect(shown.earlierVerdicts.map(\.outcome) == [.passed])
                #expect(shown.earlierVerdicts.first?.identity == old)
                #expect(shown.summary.reason.contains("mean-nll"))
            }
        }
    }

    @Test func theServersBackgroundTestsWhatIsStaleByItself() async throws {
        try await Shelf.open { shelf in
            try await shelf.use { registry in
                for model in Self.models { try await shelf.mirror(model, registry) }
            }
            try await shelf.use(policy: ["maximum-mean-nll: 1.5": "maximum-mean-nll: 1.4"]) { registry in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await registry.run() }
                    try await eventually("everything is re-tested") {
                        let rows = try await Self.rows(registry)
                        return rows.count == 3 && rows.allSatisfy { $0.state == .current }
                    }
                    group.cancelAll()
                }
                #expect(try await registry.servedModels().count == 3)
                let job = try await registry.catalog.latestJob(of: RepositoryID(Self.models[0]))
                #expect(job?.kind == .retest && job?.state == .done)
            }
        }
    }

    @Test func aTesterThatCannotRunTakesNothingOutOfServiceAndSaysSo() async throws {
        try await Shelf.open { shelf in
            _ = try await shelf.use { try await shelf.mirror(Self.models[0], $0) }
            try await shelf.use(tester: "#!/bin/sh\nexit 1\n") { registry in
                await #expect(throws: OperationError.self) {
                    _ = try await Retest(now: true).perform(in: registry) { _ in }
                }
                let answer = try await Retest().perform(in: registry) { _ in }
                #expect(answer.rows.map(\.state) == [.untested])
                #expect(answer.trouble?.message.contains("cannot run on this machine") == true)
                #expect(try await registry.catalog.trials().isEmpty)
                #expect(try await registry.servedModels().count == 1)
                // Nor does it refuse what is mirrored meanwhile: there is no verdict.
                await #expect(throws: OperationError.self) { try await shelf.mirror(Self.models[1], registry) }
                let job = try await registry.catalog.latestJob(of: RepositoryID(Self.models[1]))
                #expect(job?.state == .failed)
                #expect(job?.message.contains("says nothing about the model") == true)
            }
            try await shelf.use { registry in
                #expect(try await Self.rows(registry).map(\.state) == [.current])
                try await shelf.mirror(Self.models[1], registry)
                #expect(try await registry.servedModels().count == 2)
            }
        }
    }

    @Test func aChangeThatWouldTakeMostOfWhatIsServedAwayWaitsForTheOperator() async throws {
        let models = ["sample/gemma-3-tiny-gguf", "sample/gemma-3-tiny-it", "sample/gemma-3-tiny-sharded"]
        try await Shelf.open { shelf in
            try await shelf.use { registry in
                for model in models { try await shelf.mirror(model, registry) }
            }
            try await shelf.use(policy: ["maximum-mean-nll: 1.5": "maximum-mean-nll: 0.01"]) { registry in
                let held = try await Retest(now: true).perform(in: registry) { _ in }
                #expect(held.rows.allSatisfy { $0.isLeaving && $0.change.contains("will be refused") })
                #expect(held.brake?.contains("3 of 3 served models would go out of service") == true)
                #expect(try await registry.servedModels().count == 3)

                let applied = try await Retest(apply: true).perform(in: registry) { _ in }
                #expect(applied.rows.isEmpty && applied.brake == nil)
                #expect(try await registry.servedModels().isEmpty)
            }
            // Back to the old bounds: nothing served is stale, and a model is tested again when it is named.
            try await shelf.use { registry in
                let again = try await Retest(repository: RepositoryID(models[0])).perform(in: registry) { _ in }
                #expect(again.exitCode == 0 && again.model?.state == .served)
                #expect(again.rows.first?.change == "failed -> passed")
                #expect(try await registry.servedModels().map(\.repository.description) == [models[0]])
            }
        }
    }

    @Test func otherRulesOfThePolicyTakeEffectAtOnce() async throws {
        try await Shelf.open { shelf in
            // tiny-triage is under Apache 2.0.
            let models = ["sample/gemma-3-tiny-triage", Self.models[0]]
            try await shelf.use { registry in
                for model in models { try await shelf.mirror(model, registry) }
            }
            let changes = [
                "maximum-mean-nll: 1.5": "maximum-mean-nll: 0.5",
                "allow: [gemma, apache-2.0, mit]": "allow: [gemma, mit]",
            ]
            try await shelf.use(policy: changes) { registry in
                try await registry.applyPolicy()
                #expect(try await registry.servedModels().map(\.repository.description) == [models[1]])
            }
        }
    }

    @Test func aModelThatIsNotHereCannotBeReTested() async throws {
        try await Shelf.open { shelf in
            try await shelf.use { registry in
                try await shelf.mirror("sample/gemma-3-tiny-nan", registry)
                for name in ["sample/nowhere", "sample/gemma-3-tiny-nan"] {
                    let error = await #expect(throws: OperationError.self) {
                        _ = try await Retest(repository: RepositoryID(name)).perform(in: registry) { _ in }
                    }
                    #expect(error.map { "\($0)".contains("lapidary mirror \(name)") } == true)
                }
            }
        }
    }

    private static func rows(_ registry: Registry) async throws -> [RetestRow] {
        try await Retest().perform(in: registry) { _ in }.rows
    }
}
