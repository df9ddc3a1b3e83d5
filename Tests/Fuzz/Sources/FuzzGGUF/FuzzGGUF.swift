import Foundation
import LibFuzzer
import ModelFormats

/// A whole GGUF file: head, configuration, tensors and tokenizer. What an accepted head promises must be readable to the
/// last byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    guard let file = InputFile.shared.filled(with: UnsafeRawBufferPointer(start: start, count: size)) else { return 0 }
    let model = ModelFiles([.init(path: "m.gguf", location: "/proc/self/fd/\(file.descriptor)")])
    guard let checkpoint = try? GGUFCheckpoint(reading: model) else { return 0 }
    _ = try? GemmaConfiguration(gguf: checkpoint)
    _ = try? Tokenizer(checkpoint)
    guard let tensors = try? ModelTensors(checkpoint) else { return 0 }
    for (tensor, _) in tensors.tensors {
        guard (try? file.bytes(at: tensor.range.lowerBound, count: tensor.range.count)) != nil else {
            fatalError("tensor \(tensor.name) reaches beyond its file")
        }
    }
    return 0
}

@_cdecl("FuzzGGUF_main")
public func run(_ count: CInt, _ arguments: Arguments) -> CInt { runLibFuzzer(count, arguments, test) }
