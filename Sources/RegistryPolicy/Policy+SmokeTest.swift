package import RegistryCore

extension Policy {
    package struct SmokeTest: Sendable, Equatable {
        package var required: Bool
        /// What becomes of a snapshot that the smoke test cannot run.
        package var unsupported: Finding.Effect
        package var depth: ProbeSet.Depth
        package var timeLimit: Duration
        /// Bytes that the testing process may use beyond the model's files.
        package var memoryAllowance: Int64
        /// The least level of the sealed room, 1 to 5, that a verdict is taken from.
        package var sandbox: SandboxLevel
        /// The first whose patterns fit the repository counts.
        package var classes: [ClassRule]
        /// The first whose patterns fit the repository counts.
        package var probes: [Probe]
        /// What holds where a probe says nothing else.
        package var bounds: SmokeTestBounds
    }

    package struct ClassRule: Sendable, Equatable {
        package var repositories: [NamePattern]
        package var modelClass: ModelClass
    }

    package struct Probe: Sendable, Equatable {
        package var repositories: [NamePattern]
        package var set: ProbeSet
        /// SHA-256 of the set's file.
        package var setDigest: SHA256Digest
        /// The policy's bounds, with what this entry says instead.
        package var bounds: SmokeTestBounds
    }
}
