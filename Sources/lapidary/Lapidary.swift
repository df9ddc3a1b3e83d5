import ArgumentParser
import Foundation
import RegistryOperations

/// The command line: thin. It reads the configuration, hands a verb to whoever owns the storage, and prints.
@main
struct Lapidary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lapidary",
        abstract: "A Gemma model registry that runs each model before it serves it.",
        discussion: """
            Results go to standard output, progress and errors to standard error. Exit codes: 0 ok, 1 failed, 2 usage, \
            3 refused, 4 corrupt. 'lapidary serve --help' explains the configuration.
            """,
        subcommands: [
            Serve.self, MirrorCommand.self, ImportCommand.self, JobsCommand.self, DiscoverCommand.self,
            SyncCommand.self, AcceptCommand.self, ListCommand.self, ShowCommand.self,
            CompareCommand.self,
            RetestCommand.self, CancelCommand.self, RevokeCommand.self, SmokeTestCommand.self, GenerateCommand.self,
            ScrubCommand.self, GarbageCommand.self, PinCommand.self, UnpinCommand.self, StorageCommand.self,
            StatsCommand.self, ScanCommand.self, InventoryCommand.self, TokenCommand.self, DemoCommand.self,
            SampleHubCommand.self, BenchCommand.self, DoctorCommand.self,
        ])

    static func main() async {
        SealedSmokeTest.runIfSealed()
        // A reader that goes away (a pipe into head) shall end a write with an error, not the process with a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let exit as ExitCode {
            Foundation.exit(exit.rawValue)
        } catch let error where exitCode(for: error) == .validationFailure || exitCode(for: error) == .success {
            let isHelp = exitCode(for: error) == .success
            (isHelp ? FileHandle.standardOutput : .standardError).write(Data((fullMessage(for: error) + "\n").utf8))
            Foundation.exit(isHelp ? 0 : 2)
        } catch {
            let failure = Failure(error)
            Terminal.say("lapidary: \(failure.message)")
            Foundation.exit(failure.exitCode)
        }
    }
}
