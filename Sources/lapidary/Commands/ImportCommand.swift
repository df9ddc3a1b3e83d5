import ArgumentParser
import Foundation
import RegistryCore
import RegistryOperations

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring in models that lie on this machine, verified like a download.",
        discussion: """
            DIR is a folder of one model's files (say which with --as), a cache of Hugging Face's clients, or the storage \
            of another registry. Every hash is compared with what upstream announces for the commit; what is missing or \
            differs is fetched. Where upstream cannot be asked the models are held as of unattested origin. Blocks are \
            shared where the file system can; files of a cache or storage, which never change, are linked, and are \
            read-only from then on. Exit codes: 0 all served, 3 some held or refused, 1 some failed.
            """)

    @Argument(help: "A folder on this machine.", completion: .directory)
    var folder: String

    @Option(name: .customLong("as"), help: "What a plain folder holds: namespace/name, or namespace/name@commit.")
    var model: String?

    @Flag(help: "Ask no upstream.")
    var offline = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let named = try model.map(ModelArgument.parse)
        let commit = try named?.1.map { revision in
            guard let commit = revision.commit else {
                throw Failure(message: "--as takes a commit of 40 hexadecimal digits after the @", exitCode: 2)
            }
            return commit
        }
        let place = URL(fileURLWithPath: folder).standardizedFileURL.path
        let verb = Import(path: place, repository: named?.0, commit: commit, offline: offline)
        let settings = try registry.resolve()
        let terminal = Terminal()
        let answer = try await Interruptible.run {
            try await Connection.perform(verb, settings, report: terminal.show)
        }
        try output.print(answer) { answer in
            Table(
                head: ["MODEL", "COMMIT", "STATE", "ORIGIN", "NOTE"],
                rows: answer.rows.map {
                    [
                        $0.repository.description, $0.commit?.short ?? "-", $0.state.rawValue,
                        $0.isUnattested ? "unattested" : "verified", $0.reason,
                    ]
                }
            ).lines
        }
        if answer.exitCode != 0 { throw ExitCode(answer.exitCode) }
    }
}
