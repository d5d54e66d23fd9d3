package dev.filigree.benchmarks.rivals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everybody runs the same model. */
class ContestantsTest {
  private static final int STEPS = 24;

  @Test
  void allComputeTheSameModelAsFarAsTheirPrecisionGoes(@TempDir Path path) throws Exception {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "the rivals' native libraries are those of Linux on x86-64");
    ModelFolder folder = new ModelFolder(path);
    folder.prepare(GeneratedModel.of(GeneratedModel.SMALL), /* prompt= */ 20, /* text= */ 40);
    Map<Entry, Turn> turns = new EnumMap<>(Entry.class);
    for (Entry entry :
        List.of(
            Entry.FILIGREE_F32,
            Entry.FILIGREE_INT8_CATS,
            Entry.DJL_F32,
            Entry.JLAMA_F32,
            Entry.JLAMA_Q4,
            Entry.LLAMACPP_F16,
            Entry.LLAMACPP_Q8_0)) {
      turns.put(entry, TurnProcess.run(entry, path, STEPS, /* threads= */ 2, /* withLoss= */ true));
    }
    Turn base = turns.get(Entry.FILIGREE_F32);
    for (Entry entry : List.of(Entry.DJL_F32, Entry.JLAMA_F32)) {
      assertThat(turns.get(entry).ids()).as("%s", entry).isEqualTo(base.ids());
    }
    assertThat(turns.get(Entry.DJL_F32).loss()).isCloseTo(base.loss(), within(1e-4));
    assertThat(turns.get(Entry.JLAMA_F32).loss()).isCloseTo(base.loss(), within(0.05));
    for (Entry entry : List.of(Entry.LLAMACPP_F16, Entry.LLAMACPP_Q8_0)) {
      assertThat(Arrays.copyOf(turns.get(entry).ids(), 4))
          .as("%s", entry)
          .isEqualTo(Arrays.copyOf(base.ids(), 4));
    }
    for (Entry entry : List.of(Entry.FILIGREE_INT8_CATS, Entry.JLAMA_Q4)) {
      assertThat(turns.get(entry).loss())
          .as("%s", entry)
          .isNotEqualTo(base.loss())
          .isCloseTo(base.loss(), within(0.5));
    }

    Map<Entry, List<Turn>> rounds = new EnumMap<>(Entry.class);
    turns.forEach((entry, turn) -> rounds.put(entry, List.of(turn, turn)));
    String table = RivalTable.text(rounds, "settings", /* prompt= */ 20);
    assertThat(table).contains("settings", "plain DJL operations", "1.00 (1.00 to 1.00)");
    assertThat(table).contains("all " + STEPS, "not given");
  }

  @Test
  void textAndIdsSayTheSame() {
    int[] ids = {3, 4, 20_904, 20_905, 20_906, 31_999};
    assertThat(Vocabulary.ids(Vocabulary.text(ids))).isEqualTo(ids);
    assertThat(Vocabulary.texts(32_000)).doesNotHaveDuplicates();
  }
}
