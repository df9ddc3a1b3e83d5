extension Tokenizer {
    /// The text of ids. Ids without a piece are left out; `skipsSpecial` leaves out control tokens too.
    package func decode(_ ids: [Int], skipsSpecial: Bool = false) -> String {
        var parts: [[UInt8]] = ids.compactMap { id in
            guard pieces.holds(id), !(skipsSpecial && pieces.roles[id].contains(.special)) else { return nil }
            return rewritten[id] ?? Array(pieces[id])
        }
        for decoder in decoders {
            switch decoder {
            case .replace(let pattern, let content):
                for index in parts.indices where parts[index].contains(pattern[0]) {
                    parts[index] = replacing(pattern, by: content, in: parts[index][...])
                }
            case .byteFallback: parts = joinBytePieces(parts)
            case .fuse: parts = [Array(parts.joined())]
            case .strip(let scalar, let start, let end): parts = parts.map { strip(scalar, start, end, $0) }
            }
        }
        return String(decoding: Array(parts.joined()), as: UTF8.self)
    }

    /// Runs of `<0xNN>` pieces become their bytes; a run that is not UTF-8 becomes one U+FFFD per byte.
    private func joinBytePieces(_ parts: [[UInt8]]) -> [[UInt8]] {
        var joined: [[UInt8]] = [], run: [UInt8] = []
        joined.reserveCapacity(parts.count)
        func close() {
            guard !run.isEmpty else { return }
            let isText = String(validating: run, as: UTF8.self) != nil
            joined.append(isText ? run : Array(repeatElement([0xEF, 0xBF, 0xBD], count: run.count).joined()))
            run = []
        }
        for part in parts {
            if let byte = Self.byte(of: part) {
                run.append(byte)
            } else {
                close()
                joined.append(part)
            }
        }
        close()
        return joined
    }

    /// The byte that a piece `<0xNN>` stands for.
    static func byte(of piece: [UInt8]) -> UInt8? {
        guard piece.count == 6, piece.starts(with: "<0x".utf8), piece.last == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: piece[3..<5], as: UTF8.self), radix: 16)
    }

    private func strip(_ scalar: Unicode.Scalar, _ start: Int, _ end: Int, _ part: [UInt8]) -> [UInt8] {
        let text = String(decoding: part, as: UTF8.self).unicodeScalars
        let leading = text.prefix(start).prefix { $0 == scalar }.count
        let rest = text.dropFirst(leading)
        let trailing = rest.suffix(end).reversed().prefix { $0 == scalar }.count
        return Array(String(rest.dropLast(trailing)).utf8)
    }
}
