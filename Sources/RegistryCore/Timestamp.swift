package import Foundation

/// A moment in UTC, to the millisecond, as text: `2026-11-23T20:03:09.120Z`. Sorts as it reads; ends in `Z` because
/// huggingface_hub refuses any other spelling (hub-protocol 3.1).
package struct Timestamp: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let text: String

    package init(_ date: Date) {
        text = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Nil where the text is not such a moment.
    package init?(_ text: String) {
        guard (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)) != nil else { return nil }
        self.text = text
    }

    package static var now: Timestamp { Timestamp(Date()) }

    /// `2026-11-23 20:03 UTC`, for people.
    package var minutes: String { "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC" }

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
