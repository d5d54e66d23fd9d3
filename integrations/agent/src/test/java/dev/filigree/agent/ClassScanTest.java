package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.hosts.Owner;
import dev.filigree.hosts.Plain;
import dev.filigree.hosts.TinyNet;
import dev.filigree.hosts.TwoFour;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClassScanTest {
  private final ClassScan scan = new ClassScan();

  @Test
  void findsAnnotatedFieldsAndFactoriesAlsoThroughHouseAnnotations() throws IOException {
    ClassFacts owner = read(Owner.class);
    assertThat(owner.fields()).containsExactly("held");
    assertThat(owner.factories()).containsExactly("make()Lai/djl/nn/Block;");
    assertThat(owner.owner()).isTrue();
    assertThat(owner.labels()).isFalse();
  }

  @Test
  void aBlockNeedsNoConstructorAdvice() throws IOException {
    ClassFacts net = read(TinyNet.class);
    assertThat(net.fields()).containsExactly("wide");
    assertThat(net.labels()).isTrue();
    assertThat(net.owner()).isFalse();
    assertThat(read(Plain.class).annotated()).isFalse();
  }

  @Test
  void aHouseAnnotationItselfIsNoFind() throws IOException {
    Findings findings = new Findings();
    findings.add("Owner", read(Owner.class));
    findings.add("TwoFour", read(TwoFour.class));
    findings.add("Plain", read(Plain.class));
    assertThat(findings.annotated()).containsOnlyKeys("Owner");
    assertThat(findings.annotated()).containsEntry("Owner", "field held, method make");
    assertThat(findings.candidates()).containsExactly("Plain");
  }

  @Test
  void mostClassesAreNotRead() throws IOException {
    assertThat(scan.read(getClass().getClassLoader(), "a/Log", file(Log.class))).isNull();
    assertThat(ClassScan.isSkipped("java/util/List")).isTrue();
    assertThat(ClassScan.isSkipped("dev/filigree/samples/Net")).isFalse();
  }

  @Test
  void damagedBytesAreSurvived() throws IOException {
    byte[] whole = file(TinyNet.class);
    assertThat(ConstantPool.find(whole) & ConstantPool.FILIGREE_ANNOTATION).isNotZero();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 2000; i++) {
      byte[] damaged = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
      for (int k = 0; k < 4 && damaged.length > 0; k++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      assertThat(ConstantPool.find(damaged)).as("seed %d", seed).isBetween(0, 15);
    }
  }

  private ClassFacts read(Class<?> c) throws IOException {
    return scan.read(c.getClassLoader(), c.getName().replace('.', '/'), file(c));
  }

  private static byte[] file(Class<?> c) throws IOException {
    String name = c.getName().replace('.', '/') + ".class";
    try (InputStream in = ClassScanTest.class.getClassLoader().getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }
}
