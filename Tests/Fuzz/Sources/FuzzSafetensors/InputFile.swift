import Foundation
import ModelFormats

/// The input as a file: parsers read files, and this one stays in memory.
struct InputFile {
    static let shared = InputFile()
    private let descriptor: CInt

    init() {
        var template = Array("/dev/shm/fuzz-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        unlink(template)
    }

    func filled(with bytes: UnsafeRawBufferPointer) -> ReadableFile? {
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count else {
            return nil
        }
        return try? ReadableFile(name: "input", at: "/proc/self/fd/\(descriptor)")
    }
}
