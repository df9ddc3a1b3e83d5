/// Where fetched bytes go: a file that is being written, with whatever hashes them on the way.
///
/// Called on the transfer thread only, one call at a time; when the fetch returns or throws, all its calls have
/// happened. The transfer thread carries every transfer, so a sink must not wait for anything but its disk.
package protocol ByteSink: AnyObject, Sendable {
    /// Takes the next bytes, in order. A thrown error ends the fetch at once and reaches its caller unchanged.
    func write(_ bytes: UnsafeRawBufferPointer) throws

    /// Voids everything written so far; the next byte is the file's first.
    func restart() throws
}
