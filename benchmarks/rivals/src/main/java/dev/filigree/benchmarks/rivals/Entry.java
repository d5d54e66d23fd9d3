package dev.filigree.benchmarks.rivals;

import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.kernel.ValueType;

/** Who takes part, and at which precision. */
enum Entry {
  FILIGREE_F32("Filigree", "f32", new Own(ValueType.F32, Method.NONE)),
  FILIGREE_F32_TEAL("Filigree, TEAL 50 %", "f32", new Own(ValueType.F32, Method.TEAL)),
  FILIGREE_F32_CATS("Filigree, CATS 50 %", "f32", new Own(ValueType.F32, Method.CATS)),
  DJL_F32("plain DJL operations", "f32", (f, threads, most) -> new DjlContestant(f.f32())),
  JLAMA_F32("Jlama", "F32", (f, threads, most) -> new JlamaContestant(f.f32(), threads)),
  FILIGREE_BF16("Filigree", "bf16", new Own(ValueType.BF16, Method.NONE)),
  FILIGREE_BF16_TEAL("Filigree, TEAL 50 %", "bf16", new Own(ValueType.BF16, Method.TEAL)),
  FILIGREE_BF16_CATS("Filigree, CATS 50 %", "bf16", new Own(ValueType.BF16, Method.CATS)),
  JLAMA_BF16("Jlama", "BF16", (f, threads, most) -> new JlamaContestant(f.bf16(), threads)),
  LLAMACPP_F16("llama.cpp", "F16", new Gguf(GgufWriter.Type.F16)),
  FILIGREE_INT8("Filigree", "int8", new Own(ValueType.INT8, Method.NONE)),
  FILIGREE_INT8_TEAL("Filigree, TEAL 50 %", "int8", new Own(ValueType.INT8, Method.TEAL)),
  FILIGREE_INT8_CATS("Filigree, CATS 50 %", "int8", new Own(ValueType.INT8, Method.CATS)),
  LLAMACPP_Q8_0("llama.cpp", "Q8_0", new Gguf(GgufWriter.Type.Q8_0)),
  JLAMA_Q4(
      "Jlama", "Q4, activations I8", (f, threads, most) -> new JlamaContestant(f.q4(), threads));

  /** How it is loaded. */
  private interface Loader {
    Contestant load(ModelFolder folder, int threads, int positions);
  }

  private record Own(ValueType values, Method method) implements Loader {
    @Override
    public Contestant load(ModelFolder folder, int threads, int positions) {
      return new FiligreeContestant(folder.packed(values, method));
    }
  }

  private record Gguf(GgufWriter.Type type) implements Loader {
    @Override
    public Contestant load(ModelFolder folder, int threads, int positions) {
      return new LlamaCppContestant(folder.gguf(type), positions, threads);
    }
  }

  private final String library;
  private final String precision;

  @SuppressWarnings("ImmutableEnumChecker") // records and functions without a state
  private final Loader loader;

  Entry(String library, String precision, Loader loader) {
    this.library = library;
    this.precision = precision;
    this.loader = loader;
  }

  String library() {
    return library;
  }

  /** How its weights are stored, in its own words. */
  String precision() {
    return precision;
  }

  /**
   * Loads the model.
   *
   * @param positions most ids it will see at once
   */
  Contestant load(ModelFolder folder, int threads, int positions) {
    return loader.load(folder, threads, positions);
  }
}
