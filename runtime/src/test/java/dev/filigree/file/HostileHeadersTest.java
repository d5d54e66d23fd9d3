package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostileHeadersTest {
  @TempDir Path folder;
  private int files;

  private Path file(String header, int dataBytes) throws IOException {
    return file(header.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  private Path file(byte[] header, int dataBytes) throws IOException {
    ByteBuffer all =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(header.length).put(header);
    // A new name each time: rewriting one file waits for the disk.
    return Files.write(folder.resolve("x" + files++ + ".safetensors"), all.array());
  }

  private static void assertRefused(Path file, String reason) {
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOfSatisfying(
            FiligreeException.class, e -> assertThat(e.id()).isEqualTo(Message.FIL_0401))
        .hasMessageContaining(file.toString())
        .hasMessageContaining(reason);
  }

  // Each header stands before 16 bytes of data; ' in it is a double quote.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "[]|does not begin with",
        "|does not begin with",
        "'{}'|does not begin with",
        "{|header",
        "{}|last 16 bytes belong to no tensor",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}x|header",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}{}|header",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]},'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}|\"a\" occurs twice",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]},'\\u0061':{'dtype':'F32','shape':[0],'data_offsets':[16,16]}}|\"a\" occurs twice",
        "{'a':{'dtype':'F32','dtype':'F32','shape':[4],'data_offsets':[0,16]}}|\"dtype\" occurs twice",
        "{'__metadata__':{'k':'1','k':'2'},'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}|\"k\" occurs twice",
        "{'__metadata__':{'k':1},'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}|expected a text",
        "{'__metadata__':{'k':{}},'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}|expected a text",
        "{'__metadata__':[],'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}|expected an object",
        "{'a':{'dtype':'F32','shape':[[4]],'data_offsets':[0,16]}}|header",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16],'x':1}}|unknown field x",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[16,0]}}|data_offsets [16, 0]",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0]}}|data_offsets [0]",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16,16]}}|data_offsets",
        "{'a':{'dtype':'F32','shape':[4]}}|lacks",
        "{'a':{'dtype':'F32','shape':[5],'data_offsets':[0,20]}}|ends at byte 20",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,16]}}|need 12",
        "{'a':{'dtype':'F33','shape':[4],'data_offsets':[0,16]}}|unknown type F33",
        "{'a':{'dtype':'f32','shape':[4],'data_offsets':[0,16]}}|unknown type f32",
        "{'a':{'dtype':'F32','shape':[-4],'data_offsets':[0,16]}}|whole number",
        "{'a':{'dtype':'F32','shape':[-0],'data_offsets':[0,16]}}|whole number",
        "{'a':{'dtype':'F32','shape':[4.0],'data_offsets':[0,16]}}|whole number",
        "{'a':{'dtype':'F32','shape':[4e0],'data_offsets':[0,16]}}|whole number",
        "{'a':{'dtype':'F32','shape':['4'],'data_offsets':[0,16]}}|expected a number",
        "{'a':{'dtype':'F32','shape':[04],'data_offsets':[0,16]}}|header",
        "{'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,16]}}|impossible shape",
        "{'a':{'dtype':'F32','shape':[9223372036854775807],'data_offsets':[0,16]}}|impossible shape",
        "{'a':{'dtype':'F32','shape':[9223372036854775808],'data_offsets':[0,16]}}|whole number",
        "{'a':{'dtype':'F32','shape':[4611686018427387905],'data_offsets':[0,4]}}|impossible shape",
        "{'a':{'dtype':'F4','shape':[3],'data_offsets':[0,1]}}|impossible shape",
        "{'a':{'dtype':'U8','shape':[10],'data_offsets':[0,10]},'b':{'dtype':'U8','shape':[8],'data_offsets':[8,16]}}|overlaps tensor a",
        "{'a':{'dtype':'U8','shape':[16],'data_offsets':[0,16]},'b':{'dtype':'U8','shape':[16],'data_offsets':[0,16]}}|overlaps",
        "{'a':{'dtype':'U8','shape':[6],'data_offsets':[0,6]},'b':{'dtype':'U8','shape':[8],'data_offsets':[8,16]}}|hole of 2 bytes",
        "{'a':{'dtype':'U8','shape':[8],'data_offsets':[8,16]}}|hole of 8 bytes",
        "{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}}|last 8 bytes",
        "{a:{'dtype':'U8','shape':[16],'data_offsets':[0,16]}}|header",
        "{'a':{'dtype':'U8','shape':[16],'data_offsets':[0,16]},}|header",
        "{'a':{'dtype':'U8','shape':[16],'data_offsets':[0,16]}/**/}|header",
        "{'a':null}|expected an object",
        "{'\\ud800':{'dtype':'U8','shape':[16],'data_offsets':[0,16]}}|surrogate",
      })
  void isRefused(String header, String reason) throws IOException {
    String json = header == null ? "" : header.replace('\'', '"');
    assertRefused(file(json, 16), reason.equals("header") ? "" : reason);
  }

  @Test
  void lengthsBeyondTheFileAllocateNothing() throws IOException {
    for (long length : new long[] {9, 1L << 40, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
      ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
      Path file = Files.write(folder.resolve("y"), bytes.array());
      assertRefused(file, "header claims " + Long.toUnsignedString(length));
    }
    for (int size = 0; size < 8; size++) {
      assertRefused(Files.write(folder.resolve("z"), new byte[size]), "too few");
    }
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    assertRefused(file("{\"a\":" + "[".repeat(1_000_000), 0), "");
    assertRefused(file("{\"a\":".repeat(200_000), 0), "");
  }

  @Test
  void aBlankBeforeTheObjectIsRefused() throws IOException {
    assertRefused(file(" {}", 0), "does not begin with");
    assertRefused(file("\uFEFF{}", 0), "does not begin with");
  }

  @Test
  void brokenUtf8IsRefused() throws IOException {
    byte[] header =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"
            .getBytes(StandardCharsets.UTF_8);
    header[2] = (byte) 0xC0;
    assertRefused(file(header, 0), "not UTF-8");
  }

  @Test
  void whatTheFormatAllowsIsRead() throws IOException {
    String json =
        "{\"b\":{\"shape\":[],\"data_offsets\":[8,12],\"dtype\":\"F32\"},"
            + " \"__metadata__\":{\"k\":\"v\\n\\\"\"}, \"\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[0,8]},"
            + "\"e\":{\"dtype\":\"BF16\",\"shape\":[0,7],\"data_offsets\":[12,12]}}   ";
    SafetensorsFile file = SafetensorsFile.open(file(json, 12));
    assertThat(file.tensors()).extracting(Tensor::name).containsExactly("b", "", "e");
    assertThat(file.metadata()).containsEntry("k", "v\n\"");
    assertThat(file.tensor("").orElseThrow().data().remaining()).isEqualTo(8);
    assertThat(file.tensor("e").orElseThrow().bytes()).isZero();
    assertThat(SafetensorsFile.open(file("{}", 0)).tensors()).isEmpty();
  }

  @Test
  void randomDamageIsRefusedOrReadButNeverFails() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String json =
        "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}";
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
      byte[] header = json.getBytes(StandardCharsets.UTF_8);
      for (int i = 0; i <= random.nextInt(3); i++) {
        header[random.nextInt(header.length)] = (byte) random.nextInt(256);
      }
      try {
        SafetensorsHeader.parse(header, 16);
      } catch (IOException e) {
        assertThat(e).as("seed %s", seed).hasMessageMatching("(?s).+");
        refused++;
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + " round " + round, e);
      }
    }
    assertThat(refused).isGreaterThan(2000);
  }

  @Test
  void unreadableFilesAreNamed() {
    assertThatThrownBy(() -> SafetensorsFile.open(folder))
        .hasMessageContaining("FIL-0404")
        .hasMessageContaining("it is a folder");
    assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none")))
        .hasMessageContaining("FIL-0404")
        .hasMessageContaining("it does not exist");
  }
}
