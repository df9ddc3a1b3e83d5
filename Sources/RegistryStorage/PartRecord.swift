import Foundation

/// What `ingest/<key>.ranges` says of a part: which of its bytes are durable, and what upstream called them.
///
/// Written after the part's data was synced, never before, so that it cannot claim what a power cut has taken.
struct PartRecord: Codable, Sendable {
    private static let version = 1
    private static let sizeLimit: Int64 = 1 << 20

    private var version = Self.version
    /// Of the whole file.
    let size: Int64
    /// The strong entity tag under which the bytes came.
    let validator: String
    private let bounds: [[Int64]]

    init(size: Int64, validator: String, ranges: ByteRanges) {
        self.size = size
        self.validator = validator
        bounds = ranges.ranges.map { [$0.lowerBound, $0.upperBound] }
    }

    /// Nil where the bounds are none of this file.
    var ranges: ByteRanges? {
        var ranges = ByteRanges()
        for pair in bounds {
            guard pair.count == 2, 0 <= pair[0], pair[0] < pair[1], pair[1] <= size else { return nil }
            ranges.insert(pair[0]..<pair[1])
        }
        return ranges
    }

    /// Nil where there is none, or none that can be trusted to speak of a file of this size.
    static func read(_ path: String, size: Int64) -> PartRecord? {
        guard let length = PosixFile.size(path), length <= sizeLimit,
            let bytes = FileManager.default.contents(atPath: path),
            let record = try? JSONDecoder().decode(PartRecord.self, from: bytes),
            record.version == version, record.size == size
        else { return nil }
        return record
    }

    func write(_ path: String) throws(StorageError) {
        let text = (try? JSONEncoder().encode(self)) ?? Data()
        try PosixFile.replace(path, with: Array(text))
    }
}
