import Foundation
import RegistryCore
import Testing

@Suite struct TestIdentityTests {
    private static func identity(
        build: String = "lapidary sha256:aaaaaaaaaaaa", set: String = "prose", probes: String = "p",
        bounds: String = "b",
        depth: ProbeSet.Depth = .quick, as modelClass: ModelClass? = nil
    ) -> TestIdentity {
        TestIdentity(
            testerBuild: build, probeSet: set, probes: ContentDigests.sha256(of: Array(probes.utf8)),
            bounds: ContentDigests.sha256(of: Array(bounds.utf8)), depth: depth, modelClass: modelClass)
    }

    @Test func everythingThatCanChangeAVerdictMakesAnotherIdentity() {
        let one = identity()
        let others = [
            Self.identity(build: "lapidary sha256:bbbbbbbbbbbb"), Self.identity(probes: "q"),
            Self.identity(bounds: "c"),
            Self.identity(depth: .full), Self.identity(as: .base),
        ]
        #expect(Set(others + [one]).count == 6)
        for other in others { #expect(one.changes(to: other).count == 1) }
        // The set's name is for people.
        #expect(one == Self.identity(set: "another name"))
        #expect(one.changes(to: one).isEmpty)
        #expect(
            one.changes(to: others[0]) == ["tester build lapidary sha256:aaaaaaaaaaaa -> lapidary sha256:bbbbbbbbbbbb"])
        #expect(one.changes(to: others[4]) == ["class recognised -> base"])
    }

    private func identity() -> TestIdentity { Self.identity() }

    @Test(arguments: [2.5, 0, -1e300, Double.nan, .infinity, -.infinity])
    func aMeasurementSurvivesJSON(value: Double) throws {
        let measurement = MeasuredNumber(value)
        let bytes = try JSONEncoder().encode([measurement])
        let back = try JSONDecoder().decode([MeasuredNumber].self, from: bytes)
        #expect(back == [measurement])
    }

    @Test(arguments: ["\"1.5\"", "\"infinity\"", "\"\"", "true", "{}"])
    func anythingElseIsNoMeasurement(text: String) {
        #expect(throws: (any Error).self) {
            _ = try JSONDecoder().decode([MeasuredNumber].self, from: Data("[\(text)]".utf8))
        }
    }

    @Test func theMachineIsThisOne() {
        let machine = Machine.current
        #expect(machine.cores >= 1)
        #expect(machine.memory > 1 << 26)
        #expect(machine.kernel.hasPrefix("Linux "))
        #expect(!machine.processor.isEmpty)
    }
}
