package import Foundation

/// A moment in UTC, to the millisecond, as text: `2026-11-23T20:03:09.120Z`. Sorts as it reads; ends in `Z` because
/// huggingface_hub refuses any other spelling (hub-protocol 3.1).
package struct Timestamp: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let text: String

    package init(_ date: Date) {
        text = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Nil where the text is not such a moment, in exactly this spelling.
    package init?(_ text: String) {
        // The parser also takes offsets, text after the end and the 31st of February; and a millisecond may come back
        // from it as the one before. So: its second must be the text's own, and the rest must look as it should.
        guard let moment = try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text),
            Timestamp(moment).text.utf8.prefix(19).elementsEqual(text.utf8.prefix(19)),
            Self.isFraction(Array(text.utf8.dropFirst(19)))
        else { return nil }
        self.text = text
    }

    /// `.120Z`
    private static func isFraction(_ bytes: [UInt8]) -> Bool {
        bytes.count == 5 && bytes.first == UInt8(ascii: ".") && bytes.last == UInt8(ascii: "Z")
            && bytes[1...3].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    package static var now: Timestamp { Timestamp(Date()) }

    /// So long from now.
    package static func from(now delay: Duration) -> Timestamp {
        Timestamp(Date(timeIntervalSinceNow: delay / .seconds(1)))
    }

    /// `20:03:09 UTC`, for people who wait.
    package var clock: String { "\(text.dropFirst(11).prefix(8)) UTC" }

    /// `2026-11-23 20:03 UTC`, for people.
    package var minutes: String { "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC" }

    /// Seconds from this moment until now; none where it lies ahead.
    package var secondsAgo: Int64 {
        let moment = try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)
        return moment.map { max(0, Int64($0.distance(to: Date()))) } ?? 0
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let moment = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a UTC moment: \(text.printable)")
        }
        self = moment
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}
