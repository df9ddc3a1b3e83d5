import LibFuzzer
import ModelFormats

/// tokenizer.json; one that is accepted must also encode and decode.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: size))
    if let tokenizer = try? Tokenizer(parsing: bytes) {
        _ = tokenizer.decode(tokenizer.encode("a ▁ab<bos>\n\u{1F642}\u{0}é"))
        _ = tokenizer.decode([0, -1, Int.max, 7], skipsSpecial: true)
    }
    return 0
}

@_cdecl("FuzzTokenizer_main")
public func run(_ count: CInt, _ arguments: Arguments) -> CInt { runLibFuzzer(count, arguments, test) }
