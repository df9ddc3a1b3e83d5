import RegistryCore

/// A request's target, split while still percent-encoded and decoded piece by piece: `refs%2Fpr%2F1` is one piece.
struct RequestTarget: Sendable {
    /// As it came.
    let raw: String
    let path: [String]
    private let query: [(name: String, value: String)]

    init(_ raw: String) {
        self.raw = raw
        let halves = raw.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = (halves.first ?? "").split(separator: "/").map { $0.percentDecoded }
        query = (halves.count > 1 ? halves[1] : "").split(separator: "&").map { item in
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count > 1 ? sides[1] : ""
            return (
                sides[0].percentDecoded,
                value.split(separator: "+", omittingEmptySubsequences: false)
                    .map(\.percentDecoded).joined(separator: " ")
            )
        }
    }

    /// The path below a prefix, joined.
    func path(from index: Int) -> String { path.dropFirst(index).joined(separator: "/") }

    /// Every value of a parameter, `name` and `name[]`.
    func all(_ name: String) -> [String] { query.filter { $0.name == name || $0.name == "\(name)[]" }.map(\.value) }

    func first(_ name: String) -> String? { all(name).first }

    /// `true`, `True`, `1`; presence alone is not truth (hub-protocol section 12).
    func isTrue(_ name: String) -> Bool { first(name).map { ["true", "1"].contains($0.lowercased()) } ?? false }

    /// This target with one parameter replaced.
    func replacing(_ name: String, with value: String) -> String {
        let path = raw.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
        let kept = query.filter { $0.name != name } + [(name, value)]
        return "\(path)?" + kept.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }.joined(separator: "&")
    }
}

extension StringProtocol {
    /// A `%` without two digits stands for itself; bytes that are no UTF-8 become U+FFFD.
    var percentDecoded: String {
        var decoded: [UInt8] = []
        var bytes = Array(utf8)[...]
        while let byte = bytes.popFirst() {
            let digits = bytes.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let first = digits.first, let last = digits.last,
                digits.allSatisfy({ $0.isLowerHex || ($0 | 0x20).isLowerHex })
            {
                decoded.append(first.nibble << 4 | last.nibble)
                bytes = bytes.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    var percentEncoded: String {
        var encoded = ""
        for byte in utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~".utf8.contains(byte)
            encoded += isPlain ? String(UnicodeScalar(byte)) : "%" + [byte].hex.uppercased()
        }
        return encoded
    }
}
