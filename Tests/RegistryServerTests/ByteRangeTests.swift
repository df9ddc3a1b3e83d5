import RegistryServer
import Testing

@Suite struct ByteRangeTests {
    @Test(
        arguments: [
            ("bytes=0-0", 0..<1), ("bytes=0-499", 0..<500), ("bytes=500-999", 500..<1000),
            ("bytes=999-999", 999..<1000),
            ("bytes=0-", 0..<1000), ("bytes=1-", 1..<1000), ("bytes=999-", 999..<1000),
            ("bytes=-1", 999..<1000), ("bytes=-500", 500..<1000), ("bytes=-1000", 0..<1000), ("bytes=-1001", 0..<1000),
            ("bytes=0-999", 0..<1000), ("bytes=0-1000", 0..<1000), ("bytes=0-9223372036854775807", 0..<1000),
            ("bytes=0-18446744073709551615", 0..<1000), ("bytes=0-18446744073709551616", 0..<1000),
            ("bytes=7-99999999999999999999999999999999", 7..<1000), ("bytes=-9223372036854775807", 0..<1000),
            ("bytes=-18446744073709551616", 0..<1000), ("bytes=00000000000000000000001-0002", 1..<3),
            ("Bytes=0-1", 0..<2), ("BYTES=-2", 998..<1000),
        ] as [(String, Range<Int64>)])
    func oneRangeIsAnswered(header: String, expected: Range<Int64>) {
        #expect(ByteRange(header, size: 1000) == .part(expected))
    }

    @Test(arguments: [
        "bytes=1000-", "bytes=1000-1001", "bytes=9223372036854775807-", "bytes=9223372036854775808-",
        "bytes=18446744073709551615-", "bytes=18446744073709551616-", "bytes=99999999999999999999999999-",
        "bytes=18446744073709551615-18446744073709551616", "bytes=-0", "bytes=-00",
    ])
    func whatLiesBeyondTheEndIsNotSatisfiable(header: String) {
        #expect(ByteRange(header, size: 1000) == .unsatisfiable)
    }

    @Test(arguments: [
        "", " ", "bytes", "bytes=", "bytes=-", "bytes=--", "bytes=--1", "bytes=1--2", "bytes=0-1-2", "bytes=a-b",
        "bytes=0-x", "bytes=0x0-0x10", "bytes=+0-1", "bytes=0-+1", "bytes=-+1", "bytes= 0-1", "bytes=0 -1",
        "bytes=0- 1", "bytes=0-1 ", " bytes=0-1", "bytes =0-1", "bytes:0-1", "byte=0-1", "bits=0-1", "items=0-1",
        "bytes=0-1,2-3", "bytes=0-1, 5-", "bytes=,0-1", "bytes=0-1,", "bytes=500-499", "bytes=9-1",
        "bytes=18446744073709551616-0", "bytes=0-1\r\nX: y", "bytes=٠-١", "bytes=0.5-1", "bytes=1e3-",
        "bytes=\u{0}0-1", "bytes==0-1", "0-1", "bytes=*", "bytes=*/1000",
    ])
    func whatIsNotOneRangeOfBytesIsIgnored(header: String) {
        #expect(ByteRange(header, size: 1000) == .whole)
    }

    @Test func aHeaderOfMoreThan256BytesIsIgnored() {
        let longest = "bytes=" + String(repeating: "0", count: 248) + "-1"
        #expect(longest.utf8.count == 256)
        #expect(ByteRange(longest, size: 1000) == .part(0..<2))
        #expect(ByteRange("bytes=" + String(repeating: "0", count: 249) + "-1", size: 1000) == .whole)
    }

    @Test(arguments: ["bytes=0-0", "bytes=0-", "bytes=-1", "bytes=5-9", "bytes=-0"])
    func anEmptyFileIsAnsweredWhole(header: String) {
        #expect(ByteRange(header, size: 0) == .whole)
    }

    @Test func withoutAHeaderTheFileIsAnsweredWhole() {
        #expect(ByteRange(nil, size: 1000) == .whole)
    }

    @Test func theLargestFileThereCanBeHasItsLastByte() {
        #expect(ByteRange("bytes=-1", size: .max) == .part((.max - 1)..<Int64.max))
        #expect(ByteRange("bytes=9223372036854775806-", size: .max) == .part((.max - 1)..<Int64.max))
        #expect(ByteRange("bytes=0-9223372036854775807", size: .max) == .part(0..<Int64.max))
    }
}
