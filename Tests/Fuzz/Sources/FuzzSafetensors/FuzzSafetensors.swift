import Foundation
import LibFuzzer
import ModelFormats

/// A whole safetensors file. What an accepted header promises must be readable to the last byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    guard let file = InputFile.shared.filled(with: UnsafeRawBufferPointer(start: start, count: size)),
        let header = try? Safetensors(reading: file)
    else { return 0 }
    for tensor in header.tensors {
        guard (try? file.bytes(at: tensor.range.lowerBound, count: tensor.range.count)) != nil else {
            fatalError("tensor \(tensor.name) reaches beyond its file")
        }
    }
    return 0
}

@_cdecl("FuzzSafetensors_main")
public func run(_ count: CInt, _ arguments: Arguments) -> CInt { runLibFuzzer(count, arguments, test) }
