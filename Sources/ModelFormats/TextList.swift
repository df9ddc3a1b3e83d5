/// Many short texts in flat memory: their UTF-8 bytes end to end, and where each ends.
package struct TextList: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []

    package init() {}

    package var count: Int { ends.count }

    /// Room for so many texts of so many bytes together.
    package mutating func reserve(count: Int, bytes size: Int) {
        ends.reserveCapacity(count)
        bytes.reserveCapacity(size)
    }

    package mutating func append(_ text: some Collection<UInt8>) {
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
    }

    package subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

    /// Where the bytes of a text are.
    func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }
}
