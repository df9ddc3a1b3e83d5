import Foundation

/// Another process that has done something and holds on to it: it says `ready` when it has, and ends when its standard
/// input does, at the latest with this process.
final class HelperProcess {
    struct DidNotStart: Error, CustomStringConvertible {
        let description: String
    }

    private let process = Process()
    private let input = Pipe()

    init(_ arguments: String...) throws {
        let output = Pipe()
        let trouble = Pipe()
        process.executableURL = URL(filePath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = trouble
        try process.run()
        var said = Data()
        while !said.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty {
                let reason = String(decoding: trouble.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                throw DidNotStart(description: "\(arguments.joined(separator: " ")): \(reason)")
            }
            said += more
        }
    }

    var pid: Int32 { process.processIdentifier }

    func kill() {
        process.terminate()
        process.waitUntilExit()
    }

    deinit { if process.isRunning { kill() } }
}
