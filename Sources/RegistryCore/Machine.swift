import Foundation

/// The machine that a measurement was made on.
package struct Machine: Codable, Equatable, Sendable {
    /// As the kernel names it, e.g. `AMD EPYC 7B13`.
    package let processor: String
    package let cores: Int
    /// Bytes.
    package let memory: Int64
    /// `Linux 6.1.0-18-amd64`.
    package let kernel: String

    package init(processor: String, cores: Int, memory: Int64, kernel: String) {
        self.processor = processor
        self.cores = cores
        self.memory = memory
        self.kernel = kernel
    }

    /// This one; read once, blocking for a moment.
    package static let current = Machine(
        processor: processorName, cores: ProcessInfo.processInfo.activeProcessorCount,
        memory: Int64(clamping: ProcessInfo.processInfo.physicalMemory), kernel: kernelName)

    /// `AMD EPYC 7B13, 2 cores, 23.4 GiB, Linux 6.1.0`.
    package var text: String {
        "\(processor.printable), \(cores) \(cores == 1 ? "core" : "cores"), \(Quantity.bytes(memory)), \(kernel.printable)"
    }

    private static var processorName: String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        // x86 says `model name`, some ARM kernels `Model` or nothing at all.
        for key in ["model name", "Model", "Hardware"] {
            if let line = lines.first(where: { $0.hasPrefix(key) }), let colon = line.firstIndex(of: ":") {
                return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
        }
        return "unnamed processor"
    }

    private static var kernelName: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "unknown kernel" }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return "\(text(name.sysname)) \(text(name.release))"
    }
}
