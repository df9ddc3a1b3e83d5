import Foundation
import Testing

/// The pages, in a real browser.
@Suite(.serialized) struct PageTests {
    @Test func aBrowserShowsTheCountedPullAndTheReasonOfARefusal() async throws {
        try await House.open { house in
            _ = try await house.mirror("sample/gemma-3-tiny-it")
            _ = try await house.mirror("sample/gemma-3-tiny-swapped")
            let pulled = try await house.hf("download", "sample/gemma-3-tiny-it")
            #expect(pulled.status == 0, "\(pulled.errors)")
            try await eventually("the pull recorded") {
                try await house.statistics("sample/gemma-3-tiny-it")?.pulls == 1
            }
            let home = try await Chromium.text(of: house.url, in: house.folder)
            #expect(home.contains("gemma-3-tiny-it") && home.contains("gemma-3-tiny-swapped"))
            #expect(home.contains("served") && home.contains("refused"))

            let model = try await Chromium.text(of: "\(house.url)/sample/gemma-3-tiny-it", in: house.folder)
            #expect(model.contains("HF_ENDPOINT=\(house.url) hf download sample/gemma-3-tiny-it"))
            #expect(model.contains("anonymous 127.0.0.1"))
            #expect(model.contains("845569548d655d8f4c63f40fbca701b88f0760ad49d92fbc317f3d01a95f29a2"))
            let refused = try await Chromium.text(of: "\(house.url)/sample/gemma-3-tiny-swapped", in: house.folder)
            #expect(refused.contains("mean-nll 3.59"))

            let query = "a=sample/gemma-3-tiny-it&b=sample/gemma-3-tiny-swapped"
            let comparison = try await Chromium.text(of: "\(house.url)/compare?\(query)", in: house.folder)
            #expect(comparison.contains("3.5902") && comparison.contains("model.safetensors"))
            let tests = try await Chromium.text(of: "\(house.url)/tests", in: house.folder)
            #expect(tests.contains("The one served model was tested under the present rules"))
        }
    }
}

/// Headless Chromium from the distribution's package.
enum Chromium {
    /// The page as it stands after the browser has read it, as HTML.
    static func text(of url: String, in folder: String) async throws -> String {
        let run = try await Program.run(
            "/usr/bin/chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--user-data-dir=\(folder)/chromium", "--dump-dom", url,
            ], environment: ["HOME": folder])
        #expect(run.status == 0, "\(run.errors)")
        return run.output
    }
}
