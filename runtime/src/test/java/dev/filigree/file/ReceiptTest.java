package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ReceiptTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);

  @TempDir private Path folder;

  private static ReceiptStep prune() {
    Map<String, String> plan = new LinkedHashMap<>();
    plan.put("method", "wanda");
    plan.put("pattern", "2:4");
    return ReceiptStep.of("prune", plan)
        .withSeed(Long.MIN_VALUE)
        .withData(List.of(new DataDigest(DataDigest.Role.CALIBRATION, "x \"é\"", B)))
        .choosing(Map.of("fc", A))
        .withEvaluations(
            List.of(
                Evaluation.of("nll", 1.25, 0.1 + 0.2),
                new Evaluation("error", OptionalDouble.empty(), OptionalDouble.of(1e-300))))
        .withOverlap(0.125);
  }

  @Test
  void everythingComesBack() {
    Receipt receipt =
        Receipt.empty()
            .then(prune())
            .then(ReceiptStep.of("recover", Map.of()).keeping(Map.of("fc", A)))
            .withFiles(Map.of("config.json", B));
    assertThat(Receipt.parse(receipt.toJson(), "here")).isEqualTo(receipt);
    Map<String, String> metadata = receipt.into(Map.of("format", "pt"));
    assertThat(Receipt.in(metadata, "here")).isEqualTo(receipt);
    assertThat(metadata).containsEntry("format", "pt");
    assertThat(Receipt.in(Map.of(), "here").isEmpty()).isTrue();
    assertThat(receipt.masks()).containsExactly(Map.entry("fc", A));
    assertThat(receipt.steps().get(0).label()).isEqualTo("prune (wanda 2:4)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{} | version is missing",
        "[] | does not begin",
        "{\"version\":2} | its version is 2",
        "{\"version\":1,\"version\":1} | occurs twice",
        "{\"version\":1,\"more\":1} | the field more is unknown",
        "{\"version\":1,\"steps\":{}} | expected an array",
        "{\"version\":1,\"steps\":[{}]} | name is missing",
        "{\"version\":1,\"steps\":[{\"name\":\"a\",\"masks\":{\"w\":\"12\"}}]} | mask digest of w is 12",
        "{\"version\":1,\"steps\":[{\"name\":\"a\",\"seed\":\"x\"}]} | x",
        "{\"version\":1,\"steps\":[{\"name\":\"a\",\"overlap\":2}]} | overlap is 2.0",
        "{\"version\":1,\"steps\":[{\"name\":\"a\",\"data\":[{\"role\":\"none\"}]}]} | NONE",
        "{\"version\":1,\"steps\":[{\"name\":\"a\",\"evaluations\":[[[[[[]]]]]]}]} | ",
        "{\"version\":1,\"files\":{\"x\":\"y\"}} | digest of x is y",
      })
  void whatIsNoReceiptIsRefused(String json, String reason) {
    assertThatThrownBy(() -> Receipt.parse(json, "file.safetensors"))
        .isInstanceOfSatisfying(
            FiligreeException.class, e -> assertThat(e.id()).isEqualTo(Message.FIL_0430))
        .hasMessageContaining("file.safetensors")
        .hasMessageContaining(reason == null ? "" : reason);
  }

  @Test
  void theStepThatBrokeAZeroIsNamed() {
    Receipt receipt = Receipt.empty().then(prune());
    assertThat(receipt.broken(Map.of("fc", A))).isEmpty();
    assertThat(receipt.broken(Map.of("fc", B)))
        .containsExactly(
            "tensor fc: its zeros are not those that step prune (wanda 2:4) left; something after"
                + " that step changed them");
    assertThat(receipt.broken(Map.of())).singleElement().asString().contains("is not there");
    Receipt recovered = receipt.then(ReceiptStep.of("recover", Map.of()).keeping(Map.of("fc", B)));
    assertThat(recovered.broken(Map.of("fc", B)))
        .containsExactly(
            "step recover: it changed the zeros of fc, which step prune (wanda 2:4) chose");
    Receipt again = receipt.then(ReceiptStep.of("prune", Map.of()).choosing(Map.of("fc", B)));
    assertThat(again.broken(Map.of("fc", B))).isEmpty();
  }

  @Test
  void dataAreKnownByTheirBytes() throws IOException {
    Path file = Files.write(folder.resolve("x.bin"), new byte[3_000_000]);
    DataDigest whole = DataDigest.of(DataDigest.Role.SEARCH, file);
    DataDigest pieces =
        DataDigest.of(
            DataDigest.Role.SEARCH,
            "x.bin",
            List.of(ByteBuffer.allocate(1_000_000), ByteBuffer.allocate(2_000_000)));
    assertThat(whole).isEqualTo(pieces);
    assertThatThrownBy(() -> DataDigest.of(DataDigest.Role.SEARCH, folder.resolve("none")))
        .hasMessageContaining("FIL-0404");
  }
}
