package dev.filigree.it;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The direction of dependencies and the absence of package cycles, over the packaged jars. */
@AnalyzeClasses(packages = "dev.filigree", importOptions = ArchitectureTest.OwnCode.class)
class ArchitectureTest {

  /** Neither tests nor relocated libraries. */
  static final class OwnCode implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return new ImportOption.DoNotIncludeTests().includes(location)
          && !location.contains("/djl/guava/")
          && !location.contains("/djl/ejml/")
          && !location.contains("/agent/bytebuddy/");
    }
  }

  @ArchTest
  static final ArchRule noPackageCycles =
      slices()
          .matching("dev.filigree.(**)")
          .should()
          .beFreeOfCycles()
          .because("a cycle makes two packages one");

  @ArchTest
  static final ArchRule onlyTheDjlSideKnowsDjl =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.filigree.djl..",
              "dev.filigree.agent..",
              "dev.filigree.decoder..",
              "dev.filigree.samples..",
              "dev.filigree.cli..",
              "dev.filigree.it..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl..")
          .because("runtime and annotations are usable without DJL");

  @ArchTest
  static final ArchRule declarationsStandAlone =
      noClasses()
          .that()
          .resideInAnyPackage("dev.filigree.annotations..", "dev.filigree.plan..")
          .should()
          .dependOnClassesThat()
          .resideOutsideOfPackages("java..", "dev.filigree.annotations..", "dev.filigree.plan..");

  @ArchTest
  static final ArchRule recipesAreOnlyRead =
      noClasses()
          .that()
          .resideInAPackage("dev.filigree.recipe..")
          .should()
          .dependOnClassesThat()
          .resideOutsideOfPackages(
              "java..",
              "dev.filigree.annotations..",
              "dev.filigree.plan..",
              "dev.filigree.recipe..",
              "org.snakeyaml..")
          .because("what a recipe asks for is done by others");

  @ArchTest
  static final ArchRule runtimeDoesNotLookUp =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.filigree.mask..",
              "dev.filigree.criterion..",
              "dev.filigree.schedule..",
              "dev.filigree.calibrate..",
              "dev.filigree.allocate..",
              "dev.filigree.prune..",
              "dev.filigree.pack..",
              "dev.filigree.kernel..",
              "dev.filigree.file..",
              "dev.filigree.gate..",
              "dev.filigree.report..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.filigree.djl..",
              "dev.filigree.agent..",
              "dev.filigree.cli..",
              "dev.filigree.recipe..",
              "dev.filigree.samples..");

  @ArchTest
  static final ArchRule djlDoesNotKnowItsUsers =
      noClasses()
          .that()
          .resideInAPackage("dev.filigree.djl..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.filigree.agent..",
              "dev.filigree.cli..",
              "dev.filigree.recipe..",
              "dev.filigree.samples..");

  @ArchTest
  static final ArchRule nothingTalksToTheNetwork =
      noClasses()
          .that()
          .resideInAPackage("dev.filigree..")
          .should()
          .dependOnClassesThat()
          .haveNameMatching(
              "java\\.net\\.http\\..*|java\\.net\\.(Server|Datagram)?Socket|java\\.net\\.HttpURLConnection|java\\.nio\\.channels\\.(Server)?SocketChannel")
          .because("no network, no telemetry");

  @ArchTest
  static void internalsStayInternal(JavaClasses classes) {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.filigree.processor..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.filigree.processor.internal..")
        .check(classes);
  }
}
