package import RegistryCore
import RegistryPolicy
import RegistryStorage

/// Looks at what a registry stands on: its settings, the way to upstream, disk, catalogue and room. It changes nothing,
/// and takes no lock: a server does it beside its work, and the command line does it where no server runs.
package struct Doctor: Verb {
    package static let name = "doctor"
    /// Whose files are asked for, to see what the way to upstream does to them; nil for the first that the policy
    /// follows.
    package var repository: RepositoryID?

    package init(repository: RepositoryID? = nil) { self.repository = repository }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Diagnosis {
        await examine(registry.configuration, place: "the server that runs, and its settings")
    }

    /// - Parameter place: whose settings these are.
    package func examine(_ configuration: RegistryConfiguration, place: String) async -> Diagnosis {
        let outcome = Result { () throws(PolicyError) in try PolicyFile.read(configuration.policies) }
        let policy = try? outcome.get()
        // The disk first: a transfer beside it would show in its times.
        let storage = StorageExamination(configuration)
        var checks = await storage.run()
        checks += await MachineExamination(configuration, outcome).run()
        checks += await UpstreamExamination(configuration, policy, repository).run()
        return Diagnosis(place: place, settings: configuration.settings, checks: checks)
    }
}
