import Foundation
import RegistryCore
import Testing

@Suite struct TimestampTests {
    @Test func aMomentReadsAsUTCToTheMillisecond() {
        let moment = Timestamp(Date(timeIntervalSince1970: 1_700_000_000.5))
        #expect(moment.text == "2023-11-14T22:13:20.500Z")
        #expect(moment.minutes == "2023-11-14 22:13 UTC")
    }

    @Test func everyMillisecondSurvivesItsText() throws {
        for millisecond in 0..<1000 {
            let text = "2026-11-23T20:03:09.\(String(1000 + millisecond).dropFirst())Z"
            let moment = try #require(Timestamp(text))
            #expect(moment.text == text)
            let coded = try JSONEncoder().encode([moment])
            #expect(try JSONDecoder().decode([Timestamp].self, from: coded) == [moment])
        }
        #expect(Timestamp(Timestamp.now.text) != nil)
        for text in ["2024-02-29T00:00:00.000Z", "2000-02-29T23:59:59.999Z", "2026-12-31T23:59:59.999Z"] {
            #expect(Timestamp(text)?.text == text)
        }
    }

    @Test(arguments: [
        "", "now", "2026-11-23", "2026-11-23T20:03:09Z", "2026-11-23T20:03:09.1Z", "2026-11-23T20:03:09.120",
        "2026-11-23T20:03:09.120+01:00", "2026-11-23T20:03:09.120z", "2026-11-23 20:03:09.120Z",
        " 2026-11-23T20:03:09.120Z", "2026-11-23T20:03:09.120Z\r\n", "2026-11-23T20:03:09.120Zjunk",
        "2026-11-23T20:03:09.1ZaZ", "2026-11-23T20:03:09.120456Z", "2026-13-23T20:03:09.120Z",
        "2026-02-31T20:03:09.120Z", "2026-02-29T20:03:09.120Z", "2100-02-29T20:03:09.120Z", "2026-04-31T20:03:09.120Z",
        "2026-00-23T20:03:09.120Z", "2026-11-00T20:03:09.120Z", "2026-11-23T20:60:09.120Z", "2026-11-23T25:03:09.120Z",
        "2026-11-23T20:03:60.120Z",
        "٢٠٢٦-11-23T20:03:09.120Z",
    ])
    func anyOtherSpellingIsRefused(text: String) {
        #expect(Timestamp(text) == nil)
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([Timestamp].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test func momentsSortAsTheyRead() {
        let seconds: [Double] = [0, 0.5, 1, 59, 60, 86_400, 1_700_000_000, 4_000_000_000]
        let moments = seconds.map { Timestamp(Date(timeIntervalSince1970: $0)) }
        #expect(moments == moments.reversed().sorted())
        #expect(moments.allSatisfy { $0.text.hasSuffix("Z") })
    }
}
