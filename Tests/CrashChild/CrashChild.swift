import CrashWorkloads
import Foundation
import Glibc

/// Does one workload in a folder, so that it can be killed; or looks at what was left in folders, one after the other.
///
///     CrashChild run WORKLOAD FOLDER    prints each promise as soon as it is made
///     CrashChild check                  reads `WORKLOAD FOLDER` lines, and answers each with a line of JSON
@main
enum CrashChild {
    static func main() async {
        let words = CommandLine.arguments
        switch (words.dropFirst().first, words.count) {
        case ("run", 4):
            guard let workload = Workload(rawValue: words[2]) else { exit(64) }
            do {
                try await Survey.perform(workload, at: Place(words[3])) {
                    say($0.line + "\n")
                } complain: {
                    complain($0)
                }
                exit(0)
            } catch {
                complain(error)
                exit(1)
            }
        case ("check", 2):
            while let line = readLine() {
                let verdict = await verdict(on: line.split(separator: " ", maxSplits: 1).map(String.init))
                let text = (try? JSONEncoder().encode(verdict)) ?? Data()
                say(String(decoding: text, as: UTF8.self) + "\n")
            }
        default: exit(64)
        }
    }

    private static func verdict(on words: [String]) async -> Verdict {
        guard words.count == 2, let workload = Workload(rawValue: words[0]) else {
            return Verdict(finding: "no order: \(words)")
        }
        do {
            return Verdict(state: try await Survey(Place(words[1]), workload).run())
        } catch {
            return Verdict(finding: "\(error)")
        }
    }

    /// In one call, so that a promise is made or is not.
    private static func say(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            guard count > 0 else { exit(74) }
            rest = rest.dropFirst(count)
        }
    }

    private static func complain(_ error: any Error) { FileHandle.standardError.write(Data("\(error)\n".utf8)) }
}
