import Foundation
import RegistryCore
import Testing

@Suite struct DecisionTests {
    private static let policy = ContentDigests.sha256(of: [])

    private static func decision(_ effects: Finding.Effect...) -> Decision {
        Decision(
            findings: effects.enumerated().map { Finding(rule: "r\($0)", effect: $1, message: "m\($0)") },
            policy: policy, manifest: policy)
    }

    @Test func theGravestFindingIsTheOutcome() {
        #expect(Self.decision().outcome == .admit)
        #expect(Self.decision(.note, .note).outcome == .admit)
        #expect(Self.decision(.note, .hold, .note).outcome == .hold)
        #expect(Self.decision(.refuse, .hold, .note).outcome == .refuse)
        #expect(Self.decision(.hold, .refuse).outcome == .refuse)
    }

    @Test func theReasonIsTheFirstOfTheGravest() {
        #expect(Self.decision(.note).reason == nil)
        #expect(Self.decision(.note, .hold, .refuse, .refuse).reason?.rule == "r2")
        #expect(Self.decision(.note, .hold, .hold).reason?.rule == "r1")
    }

    @Test func aDecisionSurvivesJSON() throws {
        let decision = Self.decision(.note, .hold)
        let text = try JSONEncoder().encode(decision)
        #expect(try JSONDecoder().decode(Decision.self, from: text) == decision)
    }
}
