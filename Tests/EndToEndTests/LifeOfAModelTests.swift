import Foundation
import RegistryCore
import RegistryOperations
import Testing

@Suite(.serialized) struct LifeOfAModelTests {
    @Test(arguments: ["2.4.0", "0.36.2"])
    func theRealClientPullsAnApprovedModelBitForBitAndThePullIsCountedOnce(version: String) async throws {
        try await House.open { house in
            for name in ["3-tiny-it", "3-tiny-triage", "3-tiny-sharded", "3-tiny-gguf", "4-tiny"] {
                let repository = "sample/gemma-\(name)"
                let answer = try await house.mirror(repository)
                #expect(answer.state == .served, "\(answer.reason)")
                // It is compared with tiny-it, which is here, and its weights have grown by more than half.
                let verdict: Evidence.Outcome = name == "3-tiny-triage" ? .warned : .passed
                #expect(answer.evidence.map(\.outcome) == [.passed, .passed, verdict])

                let target = "\(house.folder)/pulled-\(name)"
                let run = try await house.hf("download", repository, "--local-dir", target, version: version)
                #expect(run.status == 0, "\(run.errors)")
                let expected = try Folder.files(below: "\(House.hubFolder)/\(repository)")
                #expect(expected.count >= 4)
                for file in expected {
                    let upstream = FileManager.default.contents(atPath: "\(House.hubFolder)/\(repository)/\(file)")
                    let pulled = FileManager.default.contents(atPath: "\(target)/\(file)")
                    #expect(upstream != nil && upstream == pulled, "\(file) differs")
                }
                // A second consumer-visible pull of the same snapshot by the same consumer is no second pull.
                let again = try await house.hf(
                    "download", repository, "--local-dir", target + "-again", version: version)
                #expect(again.status == 0, "\(again.errors)")
                try await eventually("both transfers of \(name) recorded") {
                    let model = try await house.statistics(repository)
                    return model?.pulls == 1 && (model?.bytes ?? 0) >= answer.size * 2 - 1024
                }
            }
        }
    }

    @Test func headersRangesAndCutOffTransfersAreKeptButAreNoPulls() async throws {
        try await House.open { house in
            let repository = "sample/gemma-3-tiny-it"
            _ = try await house.mirror(repository)
            let weights = "\(house.url)/\(repository)/resolve/main/model.safetensors"
            _ = try await house.curl("--head", "-o", "/dev/null", weights)
            _ = try await house.curl("--range", "0-99", "-o", "/dev/null", weights)
            try await eventually("a HEAD and a range recorded") {
                let count = try await house.statistics(repository)
                return count?.heads == 1 && count?.partial == 1
            }
            #expect(try await house.statistics(repository)?.pulls == 0)
            #expect(try await house.statistics(repository)?.unfinished == 1)

            // The rest of the file, in two more pieces: now everything has been delivered.
            _ = try await house.curl("--range", "100-299999", "-o", "/dev/null", weights)
            _ = try await house.curl("--range", "300000-", "-o", "/dev/null", weights)
            try await eventually("the pull completed") { try await house.statistics(repository)?.pulls == 1 }
        }
    }

    @Test func aSecondMirrorOfTheSameCommitFetchesNothing() async throws {
        try await House.open { house in
            _ = try await house.mirror("sample/gemma-3-tiny-it")
            let asked = house.hub.log.entries.count { $0.target.contains("/resolve/") }
            let again = try await house.mirror("sample/gemma-3-tiny-it")
            #expect(again.wasHere && again.state == .served)
            #expect(house.hub.log.entries.count { $0.target.contains("/resolve/") } == asked)
            // Another repository that announces the same bytes must show that it has them.
            _ = try await house.mirror("sample/gemma-3-tiny-triage")
            let tokenizers = house.hub.log.entries.count {
                $0.target.contains("tiny-triage/resolve/") && $0.target.hasSuffix("/tokenizer.json")
            }
            #expect(tokenizers == 1)
        }
    }

    @Test func theCommandLineActsThroughTheRunningServer() async throws {
        try await House.open { house in
            let mirrored = try await house.lapidary("mirror", "sample/gemma-3-tiny-it")
            #expect(mirrored.status == 0, "\(mirrored.errors)")
            #expect(mirrored.output.contains("sample/gemma-3-tiny-it@"))
            #expect(mirrored.errors.contains("running the smoke test"))
            let listed = try await house.lapidary("list", "--format", "json")
            let models = try JSONDecoder().decode([ModelSummary].self, from: Data(listed.output.utf8))
            #expect(models.map(\.state) == [.served])
            let shown = try await house.lapidary("show", "sample/gemma-3-tiny-it")
            #expect(shown.output.contains("no-nan-or-inf") && shown.output.contains("model.safetensors"))

            _ = try await house.lapidary("mirror", "sample/gemma-3-tiny-swapped")
            let pair = ["sample/gemma-3-tiny-it", "sample/gemma-3-tiny-swapped"]
            let compared = try await house.lapidary("compare", pair[0], pair[1])
            #expect(compared.status == 0 && compared.output.contains("mean-nll"), "\(compared.errors)")
            let json = try await house.lapidary("compare", pair[0], pair[1], "--format", "json")
            let comparison = try JSONDecoder().decode(Comparison.self, from: Data(json.output.utf8))
            #expect(comparison.checks.first { $0.name == "mean-nll" }?.differs == true)
            #expect(comparison.sameFiles > 0)
            let tests = try await house.lapidary("retest", "--format", "json")
            let answer = try JSONDecoder().decode(Retest.Answer.self, from: Data(tests.output.utf8))
            #expect(answer.rows.map(\.state) == [.current] && answer.tested == 1)
            let again = try await house.lapidary("retest", pair[0])
            #expect(again.status == 0 && again.output.contains("stays passed"), "\(again.errors)")
            let nothing = try await house.lapidary("cancel", pair[0])
            #expect(nothing.status == 1 && nothing.errors.contains("nothing of"), "\(nothing.errors)")
        }
    }

    @Test func tokensCountForTheirTeamAndAnonymousClientsCanBeTurnedAway() async throws {
        try await House.open(anonymousPulls: false) { house in
            let repository = "sample/gemma-3-tiny-it"
            _ = try await house.mirror(repository)
            let anonymous = try await house.hf("download", repository, cache: "a")
            #expect(anonymous.status != 0)
            #expect(anonymous.errors.contains("lapidary token create"), "\(anonymous.errors)")
            let wrong = try await house.hf(
                "download", repository, cache: "w", token: "hf_" + String(repeating: "x", count: 40))
            #expect(wrong.status != 0)
            #expect(wrong.errors.contains("Invalid credentials in Authorization header"), "\(wrong.errors)")

            let page = try await house.curl("--include", "--header", "Accept: text/html", house.url)
            #expect(page.output.hasPrefix("HTTP/1.1 401") && !page.output.contains("gemma-3-tiny-it"))

            let made = try await house.lapidary("token", "create", "--team", "radiology", "--environment", "production")
            let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(token.hasPrefix("hf_") && token.utf8.count == 43)
            let pulled = try await house.hf("download", repository, cache: "t", token: token)
            #expect(pulled.status == 0, "\(pulled.errors)")
            try await eventually("the team's pull recorded") {
                try await house.registry.catalog.pulls().contains {
                    $0.consumer.label == "radiology (production)" && $0.completedAt != nil
                }
            }
            let shown = try await house.curl("--user", "me:\(token)", house.url)
            #expect(shown.output.contains("sample/gemma-3-tiny-it"))
            let stored = try await Program.run("/bin/grep", ["-r", "-c", token, "\(house.folder)/storage"])
            #expect(
                !stored.output.split(separator: "\n").contains { !$0.hasSuffix(":0") }, "the token's text is stored")
        }
    }
}
