import FixtureModels
import Foundation
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

@Suite struct AdapterSmokeTests {
    private static let base = SmokeTestJob.BaseModel(
        name: "fixtures/gemma3-trained", folder: Fixtures.path("gemma3-trained"))

    private func test(
        _ adapter: String = Fixtures.path("lora-trained"), on base: SmokeTestJob.BaseModel? = base
    ) -> SmokeTestReport {
        SmokeTest.run(job(adapter, base: base))
    }

    @Test func aTrainedAdapterPassesOnItsBase() throws {
        let report = test()
        #expect(report.modelClass == .adapter)
        #expect(report.verdict == .passed, "\(report.checks.filter { $0.outcome != .passed })")
        #expect(report[.adapterBase]?.outcome == .passed)
        // lora_updates.json, made with PEFT: median 0.2948, largest 0.493, in the base 0.0008.
        #expect(report[.adapterUpdate]?.value == "median 0.2948, largest 0.4930; 0.0008 in the base")
        #expect(try #require(report.measurements["adapterEffect"]) > 0.1)
        #expect(report[.similarityOrder]?.outcome == .notApplicable)
        #expect(report.modelType == "gemma3_text")
    }

    @Test func withoutItsBaseItIsUnsupportedAndSaysWhatToDo() throws {
        let report = test(on: nil)
        #expect(report.verdict == .unsupported)
        let check = try #require(report[.adapterBase])
        #expect(check.reason.hasPrefix("its base fixtures/gemma3-trained is not here: mirror it first"))
        // Its own values are scanned all the same.
        #expect(report[.noNaNOrInf]?.outcome == .passed)
        #expect(report[.meanNLL]?.outcome == .skipped)
    }

    @Test func anAdapterOnTheModelThatItWasMergedIntoFails() throws {
        let report = test(on: .init(name: "fixtures/gemma3-trained", folder: Fixtures.path("gemma3-merged")))
        #expect(report.verdict == .failed)
        #expect(report[.adapterUpdate]?.outcome == .failed)
        #expect(report[.adapterUpdate]?.reason.contains("hold 1.0007 times this update already") == true)
    }

    @Test func aBaseOfAnotherNameOrRevisionWarns() throws {
        let other = test(
            on: .init(name: "copies/gemma3-trained@" + String(repeating: "a", count: 40), folder: Self.base.folder))
        #expect(other[.adapterBase]?.outcome == .warned)
        #expect(
            other[.adapterBase]?.reason.contains("names the base fixtures/gemma3-trained, it is run on copies/") == true
        )
        #expect(other.verdict == .warned)

        let adapter = try EditableModel(copying: "lora-trained")
        let commit = String(repeating: "b", count: 40)
        try adapter.replace("adapter_config.json", "\"revision\": null", with: "\"revision\": \"\(commit)\"")
        let moved = test(
            adapter.path,
            on: .init(name: Self.base.name + "@" + String(repeating: "a", count: 40), folder: Self.base.folder))
        #expect(moved[.adapterBase]?.reason.contains("names revision \(commit)") == true)
        #expect(moved.verdict == .warned)
    }

    @Test func aScaleFarTooLargeFailsAndADoubledOneWarns() throws {
        let adapter = try EditableModel(copying: "lora-trained")
        try adapter.replace("adapter_config.json", "\"lora_alpha\": 8", with: "\"lora_alpha\": 16")
        let doubled = test(adapter.path)
        #expect(doubled[.adapterUpdate]?.outcome == .warned)
        #expect(doubled[.adapterUpdate]?.reason.contains("larger than training usually leaves") == true)
        #expect(doubled[.adapterUpdate]?.reason.contains("alpha 16.0, rank 4") == true)
        try adapter.replace("adapter_config.json", "\"lora_alpha\": 16", with: "\"lora_alpha\": 64")
        let drowned = test(adapter.path)
        #expect(drowned[.adapterUpdate]?.outcome == .failed)
        #expect(drowned[.adapterUpdate]?.reason.contains("drown the base's weights") == true)
        #expect(drowned.verdict == .failed)
    }

    @Test func anUntrainedAdapterWarns() throws {
        let adapter = try EditableAdapter()
        for name in try adapter.names() where name.contains("lora_B") { try adapter.fill(name, 0) }
        let report = test(adapter.path)
        #expect(report[.noAllZeroMatrix]?.outcome == .warned)
        #expect(report[.noAllZeroMatrix]?.reason.contains("that module is untrained") == true)
        #expect(report[.adapterEffect]?.outcome == .warned)
        #expect(report[.adapterEffect]?.reason.contains("the adapter changes nothing") == true)
        #expect(report.verdict == .warned)
    }

    @Test func aNaNInAnAdapterFails() throws {
        let adapter = try EditableAdapter()
        let name = try #require(try adapter.names().first { $0.contains("layers.2.mlp.up_proj.lora_A") })
        try adapter.fill(name, .nan)
        let report = test(adapter.path)
        #expect(report.verdict == .failed)
        #expect(report[.noNaNOrInf]?.reason.contains("layers.2.mlp.up_proj.lora_A") == true)
        #expect(report[.noNaNOrInf]?.reason.contains("the first at flat index 0") == true)
    }

    @Test func swappedPartsDoNotFit() throws {
        let adapter = try EditableAdapter()
        try adapter.swapPartNames()
        let report = test(adapter.path)
        #expect(report.verdict == .failed)
        #expect(report[.tensorsPresentAndShaped]?.reason.contains("shape expected") == true)
    }

    @Test func aBaseOfAnotherShapeFails() throws {
        let report = test(on: .init(name: "fixtures/gemma3-trained", folder: Fixtures.path("gemma2")))
        #expect(report.verdict == .failed)
        #expect(report[.tensorsPresentAndShaped]?.outcome == .failed)
    }

    @Test func aBaseThatCannotBeOpenedSaysWhy() throws {
        let folder = try Folder()
        let report = test(on: .init(name: "fixtures/gemma3-trained", folder: folder.path))
        #expect(report.verdict == .failed)
        #expect(report[.adapterBase]?.outcome == .failed)
    }

    @Test(arguments: ["lora-plain", "lora-dora", "lora-tokens", "lora-embedding"])
    func otherKindsOfAdaptersRunToo(_ name: String) throws {
        let report = test(Fixtures.path(name))
        // They are random: what the base knew may be lost, but everything is measured.
        let failed = report.checks.filter { $0.outcome == .failed }.map(\.name)
        #expect(failed.allSatisfy { $0 == .meanNLLAgainstBase }, "\(report.checks)")
        #expect(report.checks.allSatisfy { $0.outcome != .skipped })
        #expect(report.measurements["adapterUpdate"] != nil)
    }
}

/// A copy of the trained adapter whose tensors (F32) a test may change.
private final class EditableAdapter {
    let model: EditableModel
    var path: String { model.path }
    private var url: URL { URL(filePath: path + "/" + Adapter.weightsPath) }

    init() throws { model = try EditableModel(copying: "lora-trained") }

    private func tensors() throws -> ModelTensors {
        try ModelTensors(reading: try model.files(), file: Adapter.weightsPath)
    }

    func names() throws -> [String] { try tensors().tensors.map(\.tensor.name) }

    func fill(_ name: String, _ value: Float) throws {
        let tensor = try #require(try tensors()[name]).tensor
        var data = try Data(contentsOf: url)
        let bytes = (0..<tensor.elementCount).flatMap { _ in f32Bytes(value) }
        data.replaceSubrange(tensor.range, with: bytes)
        try data.write(to: url)
    }

    /// Exchanges the names of all A and B, which have the same length.
    func swapPartNames() throws {
        var data = try Data(contentsOf: url)
        let length = data[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        let header = String(decoding: data[8..<(8 + length)], as: UTF8.self)
        let swapped = header.replacing("lora_A", with: "lora_X").replacing("lora_B", with: "lora_A")
            .replacing("lora_X", with: "lora_B")
        data.replaceSubrange(8..<(8 + length), with: Data(swapped.utf8))
        try data.write(to: url)
    }
}
