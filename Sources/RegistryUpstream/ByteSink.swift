/// Where fetched bytes go: a file that is written in pieces, in any order.
///
/// `write` and `restart` are called on the transfer thread, one call at a time; when the fetch returns or throws, all
/// its calls have happened. That thread carries every transfer, so a sink must not wait for anything but its disk.
package protocol ByteSink: AnyObject, Sendable {
    /// Ranges of the file that are not here yet: ascending, disjoint, none empty; the whole of a new file, none of a
    /// complete or an empty one.
    var missing: [Range<Int64>] { get }

    /// The strong entity tag under which what is here came; nil where nothing is here, or it had none.
    var validator: String? { get }

    /// Takes bytes of the file from `offset` on, where they are missing. A thrown error ends the fetch at once and
    /// reaches its caller unchanged.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws

    /// Voids everything that is here; what comes next belongs to `validator`.
    func restart(validator: String?) throws
}
