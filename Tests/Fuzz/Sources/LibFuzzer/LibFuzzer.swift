/// What libFuzzer calls with each input.
public typealias FuzzTest = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
public typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// Runs libFuzzer on a test. SwiftPM renames an executable's `main` to NAME_main, so each target exports that name and
/// calls this; libFuzzer's own main is linked and never reached.
public func runLibFuzzer(_ count: CInt, _ arguments: Arguments, _ test: FuzzTest) -> CInt {
    var count = count, arguments = arguments
    return driver(&count, &arguments, test)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func driver(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>, _ test: FuzzTest
) -> CInt
