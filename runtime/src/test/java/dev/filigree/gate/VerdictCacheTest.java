package dev.filigree.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerdictCacheTest {
  private static final Ratio RATIO = new Ratio(1.5, 1.4, 1.6, 1.45, 20);
  private static final List<Verdict> SOME =
      List.of(
          new Verdict(1, "sell", "sell", RATIO, 30, 20, 0.43, Map.of("djl", 31.0, "sell", 21.0)),
          new Verdict(64, "djl", "csr", RATIO, 300, 310, Double.NaN, Map.of()));

  @TempDir Path folder;

  @Test
  void whatWasSavedIsFoundAgain() {
    Path file = folder.resolve("new").resolve("gate.json");
    VerdictCache first = VerdictCache.at(file);
    first.put("a", SOME);
    first.save();
    assertThat(VerdictCache.at(file).get("a")).contains(SOME);
    assertThat(VerdictCache.at(file).get("b")).isEmpty();
  }

  @Test
  void whatAnotherProcessSavedStays() {
    Path file = folder.resolve("gate.json");
    VerdictCache one = VerdictCache.at(file);
    VerdictCache other = VerdictCache.at(file);
    one.put("a", SOME);
    one.save();
    other.put("b", SOME);
    other.save();
    assertThat(VerdictCache.at(file).get("a")).contains(SOME);
    assertThat(VerdictCache.at(file).get("b")).contains(SOME);
  }

  @Test
  void aFileThatIsNoCacheIsIgnoredAndReplaced() throws IOException {
    Path file = folder.resolve("gate.json");
    for (String content :
        List.of(
            "",
            "[1, 2",
            "{}",
            "{\"version\": 99, \"verdicts\": {}}",
            "{\"version\": 1, \"verdicts\": 3}")) {
      Files.writeString(file, content);
      VerdictCache cache = VerdictCache.at(file);
      assertThat(cache.get("a")).as(content).isEmpty();
      cache.put("a", SOME);
      cache.save();
      assertThat(VerdictCache.at(file).get("a")).as(content).contains(SOME);
    }
  }

  @Test
  void anEntryThatLacksSomethingIsLeftOut() throws IOException {
    Path file = folder.resolve("gate.json");
    Files.writeString(
        file, "{\"version\": 2, \"verdicts\": {\"a\": [{\"batch\": 1}], \"b\": [], \"c\": null}}");
    VerdictCache cache = VerdictCache.at(file);
    assertThat(cache.get("a")).isEmpty();
    assertThat(cache.get("b")).isEmpty();
    assertThat(cache.get("c")).isEmpty();
  }

  @Test
  void aPlaceThatCannotBeWrittenHarmsNothing() throws IOException {
    Path file = Files.createFile(folder.resolve("plain")).resolve("gate.json");
    VerdictCache cache = VerdictCache.at(file);
    cache.put("a", SOME);
    cache.save();
    assertThat(cache.get("a")).contains(SOME);
  }

  @Test
  void aVerdictCanBeForgotten() {
    VerdictCache cache = VerdictCache.none();
    cache.put("a", SOME);
    cache.remove("a");
    assertThat(cache.get("a")).isEmpty();
  }

  @Test
  void keysTellDensitiesApartByFivePercent() {
    String layer = "8 x 8";
    assertThat(VerdictKey.of(layer, 0.51, 0, List.of(1)))
        .isEqualTo(VerdictKey.of(layer, 0.49, 0, List.of(1)))
        .isNotEqualTo(VerdictKey.of(layer, 0.55, 0, List.of(1)))
        .isNotEqualTo(VerdictKey.of(layer, 0.51, 0.5, List.of(1)))
        .isNotEqualTo(VerdictKey.of(layer, 0.51, 0, List.of(1, 64)))
        .isNotEqualTo(VerdictKey.of("8 x 9", 0.51, 0, List.of(1)));
  }
}
