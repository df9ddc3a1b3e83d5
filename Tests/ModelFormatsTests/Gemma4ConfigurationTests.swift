import ModelFormats
import Testing

@Suite struct Gemma4ConfigurationTests {
    func read(_ json: String = "", type: String = "gemma4_text") throws -> Gemma4Configuration {
        let whole = #"{"model_type":"\#(type)"\#(json.isEmpty ? "" : ",")\#(json)}"#
        let value = try JSONValue(parsing: Array(whole.utf8), file: "config.json")
        return try #require(try GemmaConfiguration(value).text as? Gemma4Configuration)
    }

    /// The defaults of Gemma4TextConfig and Gemma4UnifiedTextConfig in transformers 5.23.0.
    @Test(arguments: [
        ("gemma4_text", ""), ("gemma4", ""), ("gemma4", #""text_config":{}"#), ("gemma4_unified_text", ""),
        ("gemma4_unified", #""text_config":{"model_type":"gemma4_unified_text"}"#),
    ])
    func absentKeysTakeTheDefaultsOfTheirClass(_ type: String, _ json: String) throws {
        let c = try read(json, type: type), isUnified = type.hasPrefix("gemma4_unified")
        #expect(c.modelType == type)
        #expect(c.vocabularySize == 262_144)
        #expect(c.hiddenSize == 2304)
        #expect(c.layers.count == 30)
        #expect(c.layers.indices.filter { c.layers[$0].kind == .full } == [5, 11, 17, 23, 29])
        #expect(c.layers.allSatisfy { $0.keyValueHeads == 4 && $0.intermediateSize == 9216 && !$0.valuesAreKeys })
        #expect(c.layers.allSatisfy { $0.headDimension == ($0.kind == .full ? 512 : 256) })
        #expect(c.layers.map(\.keyValueSource) == Array(0..<30))
        #expect(c.queryHeads == 8)
        #expect(c.normEpsilon == 1e-6)
        #expect(c.contextLength == (isUnified ? 262_144 : 131_072))
        #expect(c.slidingWindow == (isUnified ? 1024 : 512))
        #expect(c.fullRoPE == .init(base: 1_000_000, rotatedPart: 0.25))
        #expect(c.slidingRoPE == .init(base: 10_000))
        #expect(c.perLayerEmbedding?.width == (isUnified ? nil : 256))
        #expect(c.perLayerEmbedding?.vocabularySize == (isUnified ? nil : 262_144))
        #expect(c.experts == nil)
        #expect(c.logitSoftcap == nil)
        #expect(c.mediaTokens == (type.hasSuffix("_text") ? [] : [258_880, 258_884, 258_881]))
        #expect(c.padding == 0)
        #expect(c.tiesWordEmbeddings)
        #expect(c.endOfSequence == [1])
        #expect(c.unknownKeys == [])
    }

    @Test(arguments: [nil, #"["sliding_attention","sliding_attention","sliding_attention","sliding_attention"]"#])
    func theLastLayerIsFullWhateverTheKeysSay(_ types: String?) throws {
        let c = try read(#""num_hidden_layers":4"# + (types.map { #","layer_types":\#($0)"# } ?? ""))
        #expect(c.layers.map(\.kind) == [.sliding, .sliding, .sliding, .full])
        #expect(c.layers.map(\.headDimension) == [256, 256, 256, 512])
    }

    /// What transformers 5.23.0 builds for each spelling, in layers sliding, sliding, full.
    @Test(arguments: [
        (#""global_head_dim":16"#, [8, 8, 16], [2, 2, 2]),
        (#""global_head_dim":16,"num_global_key_value_heads":1"#, [8, 8, 16], [2, 2, 2]),
        (#""global_head_dim":16,"num_global_key_value_heads":1,"attention_k_eq_v":true"#, [8, 8, 16], [2, 2, 1]),
        (#""global_head_dim":16,"num_global_key_value_heads":null,"attention_k_eq_v":true"#, [8, 8, 16], [2, 2, 2]),
        (#""per_layer_config":{"2":{"head_dim":16,"num_key_value_heads":1}}"#, [8, 8, 16], [2, 2, 1]),
        (#""per_layer_config":{"02":{"head_dim":16}},"global_head_dim":32"#, [8, 8, 16], [2, 2, 2]),
        (
            #""per_layer_config":{"0":{"head_dim":12},"1":{"head_dim":12},"2":{"num_key_value_heads":4}}"#,
            [12, 12, 8], [2, 2, 4]
        ),
        (#""per_layer_config":{}"#, [8, 8, 8], [2, 2, 2]), (#""per_layer_config":null"#, [8, 8, 8], [2, 2, 2]),
    ])
    func readsTheHeadsOfEachKind(_ json: String, _ dimensions: [Int], _ keyValueHeads: [Int]) throws {
        let c = try read(
            #""num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,\#(json)"#)
        #expect(c.layers.map(\.headDimension) == dimensions)
        #expect(c.layers.map(\.keyValueHeads) == keyValueHeads)
    }

    @Test func sharedLayersReadTheLastOfTheirKindBeforeThem() throws {
        let types = #"["sliding_attention","full_attention","sliding_attention","sliding_attention","full_attention"]"#
        let json = #""num_hidden_layers":5,"layer_types":\#(types),"intermediate_size":10,"num_kv_shared_layers":2"#
        let c = try read(json + #","use_double_wide_mlp":true"#)
        #expect(c.layers.map(\.keyValueSource) == [0, 1, 2, 2, 1])
        #expect(c.layers.map(\.intermediateSize) == [10, 10, 10, 20, 20])
        #expect(try read(json).layers.map(\.intermediateSize) == [10, 10, 10, 10, 10])
    }

    @Test func onlyFullLayersTakeTheirKeysAsValues() throws {
        let c = try read(#""num_hidden_layers":2,"attention_k_eq_v":true"#)
        #expect(c.layers.map(\.valuesAreKeys) == [false, true])
    }

    /// What transformers 5.23.0 makes of each.
    @Test(arguments: [
        (#"{"rope_theta":500}"#, RoPE(base: 500)),
        (#"{"rope_type":"default","rope_theta":500.0,"factor":1.0,"partial_rotary_factor":1.0}"#, RoPE(base: 500)),
        (#"{"rope_type":"linear","rope_theta":500,"factor":8}"#, RoPE(base: 500, factor: 8)),
        (#"{"type":"linear","rope_theta":500,"factor":8}"#, RoPE(base: 500, factor: 8)),
        (#"{"rope_type":"proportional","rope_theta":500}"#, RoPE(base: 500)),
        (
            #"{"rope_type":"proportional","rope_theta":500,"partial_rotary_factor":0.3,"factor":2}"#,
            RoPE(base: 500, factor: 2, rotatedPart: 0.3)
        ),
        (#"{"rope_type":"proportional","rope_theta":500,"partial_rotary_factor":0}"#, RoPE(base: 500, rotatedPart: 0)),
    ])
    func readsTheRotationOfAKind(_ json: String, _ expected: RoPE) throws {
        let other = #"{"rope_type":"default","rope_theta":7}"#
        let full = try read(#""rope_parameters":{"full_attention":\#(json),"sliding_attention":\#(other)}"#)
        #expect(full.fullRoPE == expected)
        #expect(full.slidingRoPE == .init(base: 7))
        let sliding = try read(#""rope_parameters":{"full_attention":\#(other),"sliding_attention":\#(json)}"#)
        #expect(sliding.slidingRoPE == expected)
    }

    @Test func aKindWithoutLayersNeedsNoRotation() throws {
        let c = try read(
            #""num_hidden_layers":1,"rope_parameters":{"full_attention":{"rope_theta":9.0,"rope_type":"default"}}"#)
        #expect(c.fullRoPE == .init(base: 9))
    }

    @Test func expertSizesCountOnlyWhenTheBlockIsOn() throws {
        let sizes = #""num_experts":8,"top_k_experts":2,"moe_intermediate_size":32"#
        #expect(try read(sizes).experts == nil)
        let c = try read(sizes + #","enable_moe_block":true"#)
        #expect(c.experts?.count == 8)
        #expect(c.experts?.chosen == 2)
        #expect(c.experts?.intermediateSize == 32)
    }

    @Test func theWrapperReadsMediaTokensAsPadding() throws {
        let c = try read(
            #""image_token_id":12,"video_token_id":null,"audio_token_id":5,"text_config":{"pad_token_id":3}"#,
            type: "gemma4")
        #expect(c.mediaTokens == [12, 5])
        #expect(c.padding == 3)
    }

    @Test(arguments: [
        #""use_bidirectional_attention":null,"final_logit_softcapping":null,"layer_types":null,"rope_parameters":null"#,
        #""use_bidirectional_attention":"vision","num_experts":null,"top_k_experts":null,"moe_intermediate_size":null"#,
        #""hidden_size_per_layer_input":0,"vocab_size_per_layer_input":1"#, #""hidden_size":2305"#,
        #""quantization_config":null,"rope_scaling":null,"pad_token_id":null"#,
    ])
    func acceptsWhatIsSwitchedOff(_ json: String) throws {
        #expect(try read(json).unknownKeys == [])
    }

    @Test func unknownKeysAreIgnoredButListed() throws {
        let c = try read(#""house_colour":1,"text_config":{"rope_theta":2}"#, type: "gemma4")
        #expect(c.unknownKeys == ["text_config.rope_theta", "house_colour"])
    }
}
