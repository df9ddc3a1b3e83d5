package import Foundation
import RegistryCore

/// How many bytes a second may be fetched, by the time of day.
package struct BandwidthSchedule: Sendable, Equatable, CustomStringConvertible {
    /// From one minute of the local day to another, over midnight where the first is the later one.
    package struct Window: Sendable, Equatable {
        /// Minutes since midnight.
        package let from: Int
        package let to: Int
        /// Bytes a second; nil for any.
        package let limit: Int64?

        func contains(_ minute: Int) -> Bool {
            from < to ? (from..<to).contains(minute) : minute >= from || minute < to
        }
    }

    /// Outside all windows; nil for any.
    package let limit: Int64?
    package let windows: [Window]

    package static let unlimited = BandwidthSchedule(limit: nil, windows: [])

    private init(limit: Int64?, windows: [Window]) {
        self.limit = limit
        self.windows = windows
    }

    /// Why a text is no schedule.
    package struct Invalid: Error, CustomStringConvertible {
        package let description: String
    }

    /// `20MB`, `20MB; 08:00-18:00 5MB; 22:00-06:00 none`: bytes a second in B, KB, MB, GB (powers of 1,000) or KiB, MiB,
    /// GiB, local time.
    package init(_ text: String) throws(Invalid) {
        var limit: Int64?
        var windows: [Window] = []
        for (index, part) in text.split(separator: ";", omittingEmptySubsequences: false).enumerated() {
            let words = part.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
            if words.count == 1, index == 0, !words[0].contains("-") {
                limit = try Self.rate(words[0])
            } else if words.count == 2 {
                windows.append(try Self.window(words[0], Self.rate(words[1])))
            } else {
                throw Invalid(
                    description:
                        "'\(part.trimmingCharacters(in: .whitespaces).printable)' is no rate: expected e.g. 20MB, "
                        + "or 08:00-18:00 5MB after a semicolon")
            }
        }
        for minute in 0..<(24 * 60) where windows.count(where: { $0.contains(minute) }) > 1 {
            throw Invalid(description: "two windows hold at \(Self.clock(minute)): they must not overlap")
        }
        self.init(limit: limit, windows: windows)
    }

    /// Bytes a second that may be fetched at a moment; nil for any.
    package func limit(at moment: Date, in calendar: Calendar = .current) -> Int64? {
        guard !windows.isEmpty else { return limit }
        let parts = calendar.dateComponents([.hour, .minute], from: moment)
        let minute = (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
        guard let window = windows.first(where: { $0.contains(minute) }) else { return limit }
        return window.limit
    }

    package var description: String {
        func words(_ limit: Int64?) -> String { limit.map { "\(Quantity.bytes($0))/s" } ?? "unlimited" }
        let parts = windows.map { "\(Self.clock($0.from))-\(Self.clock($0.to)) \(words($0.limit))" }
        return ([words(limit)] + parts).joined(separator: "; ")
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }

    private static func window(_ text: String, _ limit: Int64?) throws(Invalid) -> Window {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(minute)
        guard ends.count == 2, let from = ends[0], let to = ends[1], from != to, from < 24 * 60 else {
            throw Invalid(description: "'\(text.printable)' is no window of a day: expected e.g. 08:00-18:00")
        }
        return Window(from: from, to: to % (24 * 60), limit: limit)
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.utf8.count) }),
            let hour = UInt8(parts[0]), let minute = UInt8(parts[1]), minute < 60,
            hour < 24 || (hour == 24 && minute == 0)
        else { return nil }
        return Int(hour) * 60 + Int(minute)
    }

    private static func rate(_ text: String) throws(Invalid) -> Int64? {
        if text == "none" { return nil }
        let units: [(String, Int64)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1000), ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("B", 1),
        ]
        let amount = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        if let (unit, factor) = units.first(where: { amount.hasSuffix($0.0) }),
            let number = Int64(amount.dropLast(unit.count)), number > 0
        {
            let (rate, isTooMuch) = number.multipliedReportingOverflow(by: factor)
            if !isTooMuch, rate >= 1000 { return rate }
        }
        throw Invalid(description: "'\(text.printable)' is no rate: expected at least 1KB, e.g. 20MB, or none")
    }
}
