import LibFuzzer
import ModelFormats

/// config.json, and the same bytes as generation_config.json: refused by an error or read, never a trap.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: size))
    if let value = try? JSONValue(parsing: bytes, file: "config.json") {
        _ = try? GemmaConfiguration(value, generation: value)
    }
    return 0
}

@_cdecl("FuzzConfiguration_main")
public func run(_ count: CInt, _ arguments: Arguments) -> CInt { runLibFuzzer(count, arguments, test) }
