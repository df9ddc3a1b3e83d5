import Glibc

/// Which addresses no redirect may lead to: this machine, its network, the metadata service of a cloud, and what else
/// is not the public internet (reliability C3; the registries of RFC 6890).
enum PrivateAddress {
    /// Of the very address that is about to be connected to, after every spelling and name was resolved.
    static func contains(_ address: UnsafePointer<sockaddr>) -> Bool {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                isPrivate(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                withUnsafeBytes(of: $0.pointee.sin6_addr) { isPrivate(v6: Array($0)) }
            }
        default: true
        }
    }

    /// Of a host that is spelled as an address; nil for a name.
    static func contains(literal host: String) -> Bool? {
        let text = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var v4 = in_addr()
        if inet_aton(text, &v4) != 0 { return isPrivate(v4: UInt32(bigEndian: v4.s_addr)) }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        return withUnsafeBytes(of: v6) { isPrivate(v6: Array($0)) }
    }

    private static let v4Ranges: [(UInt32, Int)] = [
        (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12),
        (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16), (0xC612_0000, 15),
        (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 4), (0xF000_0000, 4),
    ]

    private static func isPrivate(v4 address: UInt32) -> Bool {
        v4Ranges.contains { range, bits in (address ^ range) >> (32 - UInt32(bits)) == 0 }
    }

    private static let v6Ranges: [([UInt8], Int)] = [
        ([0x01, 0x00, 0, 0, 0, 0, 0, 0], 64), ([0x20, 0x01, 0, 0], 32), ([0x20, 0x01, 0x0D, 0xB8], 32),
        ([0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01], 48), ([0xFC], 7), ([0xFE, 0x80], 10), ([0xFE, 0xC0], 10), ([0xFF], 8),
    ]

    private static func isPrivate(v6 bytes: [UInt8]) -> Bool {
        func v4(at index: Int) -> Bool {
            isPrivate(v4: bytes[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) })
        }
        // IPv4 in IPv6 clothes: compatible (:: and ::1 with it), mapped, translated, 6to4.
        if bytes[..<12].allSatisfy({ $0 == 0 }) { return true }
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF { return v4(at: 12) }
        if bytes[..<4] == [0, 0x64, 0xFF, 0x9B], bytes[4..<12].allSatisfy({ $0 == 0 }) { return v4(at: 12) }
        if bytes[..<2] == [0x20, 0x02] { return v4(at: 2) }
        return v6Ranges.contains { prefix, bits in
            (0..<bits).allSatisfy { bit in
                let mask = UInt8(0x80 >> (bit % 8))
                return (bit / 8 < prefix.count ? prefix[bit / 8] : 0) & mask == bytes[bit / 8] & mask
            }
        }
    }
}
