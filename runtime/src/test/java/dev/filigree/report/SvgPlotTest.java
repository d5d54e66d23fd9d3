package dev.filigree.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class SvgPlotTest {

  private static Document plot(Report.Line... lines) throws Exception {
    String svg = SvgPlot.of(new Report.LineChart("a < b & c", "zeros", "times", List.of(lines)), 1);
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  @Test
  void everyLineHasAPointForEachValue() throws Exception {
    Document svg =
        plot(
            new Report.Line("one", List.of(0.5, 0.7, 0.9), List.of(1.0, 2.0, 4.0)),
            new Report.Line("two", List.of(0.5, 0.9), List.of(0.5, 0.8)));
    assertThat(svg.getElementsByTagName("polyline").getLength()).isEqualTo(2);
    assertThat(points(svg, 0)).hasSize(3);
    assertThat(points(svg, 1)).hasSize(2);
    // The largest value, 4, is the top of the axis; x runs from 0.5 to 0.9.
    assertThat(points(svg, 0)).startsWith("60.0,287.5").endsWith("540.0,40.0");
    assertThat(svg.getDocumentElement().getTextContent()).contains("a < b & c", "one", "two");
  }

  @Test
  void oneValueIsDrawnToo() throws Exception {
    assertThat(points(plot(new Report.Line("p", List.of(0.5), List.of(2.0))), 0)).hasSize(1);
  }

  private static List<String> points(Document svg, int line) {
    return List.of(
        svg.getElementsByTagName("polyline")
            .item(line)
            .getAttributes()
            .getNamedItem("points")
            .getNodeValue()
            .split(" "));
  }
}
