import CrashWorkloads
import Foundation
import Glibc

/// Does one workload in a folder, so that it can be killed; or looks at what was left of it.
///
///     CrashChild run WORKLOAD FOLDER             prints each promise as soon as it is made
///     CrashChild check WORKLOAD FOLDER PROMISES  prints the state that everything comes to
@main
enum CrashChild {
    static func main() async {
        let words = CommandLine.arguments
        guard words.count >= 4, let workload = Workload(rawValue: words[2]) else { exit(64) }
        let place = Place(words[3])
        do { try place.make() } catch { complain(error) }
        switch words[1] {
        case "run":
            do {
                try await Survey.perform(workload, at: place) {
                    say($0.line + "\n")
                } complain: {
                    complain($0)
                }
                exit(0)
            } catch {
                complain(error)
                exit(1)
            }
        case "check" where words.count == 5:
            do {
                let said = try String(contentsOfFile: words[4], encoding: .utf8)
                say(try await Survey(place, workload).run(Promise.all(in: said)))
                exit(0)
            } catch {
                complain(error)
                exit(1)
            }
        default: exit(64)
        }
    }

    /// In one call, so that a promise is made or is not.
    private static func say(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }

    private static func complain(_ error: any Error) { FileHandle.standardError.write(Data("\(error)\n".utf8)) }
}
