/// Numbers as people read them.
package enum Quantity {
    /// Bytes in powers of 1,024: `483.7 KiB`, `1.9 GiB`.
    package static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        // 1,023.95 KiB would be rounded to 1024.0.
        while value >= (unit == 0 ? 1024 : 1023.95), unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(fixed(value, 1)) \(units[unit])"
    }

    /// `3.5`: fixed decimals, without a locale; `1e+300` where that takes more digits than a Double holds.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-inf" : "inf" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        guard abs(value) * scale < 0x1p53 else { return "\(value)" }
        let rounded = Int64((abs(value) * scale).rounded())
        let whole = rounded / Int64(scale)
        let part = String(rounded % Int64(scale))
        let sign = value < 0 && rounded > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        return "\(sign)\(whole)." + String(repeating: "0", count: decimals - part.utf8.count) + part
    }

    /// `17 s`, `3 min 20 s`, `5 h 2 min`, `4 d 7 h`: a time for people who wait, rounded up to seconds.
    package static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e10 else { return "for ever" }
        let whole = Int64(max(0, seconds).rounded(.up))
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min \(whole % 60) s"
        case ..<86_400: "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
        }
    }

    /// `243,456`.
    package static func grouped(_ count: Int64) -> String {
        var text = ""
        for (index, digit) in String(count.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (count < 0 ? "-" : "") + String(text.reversed())
    }
}
