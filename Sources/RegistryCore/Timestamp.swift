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
        // By hand: Foundation's parser also takes offsets, text after the end and the 31st of February, and needs a
        // hundred times as long, which shows where ten thousand rows are read.
        let shape = "0000-00-00T00:00:00.000Z".utf8
        let bytes = Array(text.utf8)
        guard bytes.count == shape.count,
            zip(bytes, shape).allSatisfy({ byte, wanted in
                wanted == UInt8(ascii: "0") ? byte.isDigit : byte == wanted
            })
        else { return nil }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        guard (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day), number(11..<13) < 24,
            number(14..<16) < 60, number(17..<19) < 60
        else { return nil }
        self.text = text
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
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

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
