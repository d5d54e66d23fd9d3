package dev.filigree.file;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tensors of a model that are stored as one matrix, their outputs one behind the other: query, key
 * and value, or gate and up, which are served so. The descriptor's attributes say it: {@code
 * joined.NAME} is how many outputs tensor NAME has, in their order.
 */
public final class Joined {
  private static final String KEY = "joined.";

  private Joined() {}

  /**
   * One tensor of the model in a stored matrix.
   *
   * @param name in the model
   * @param first where its outputs begin
   * @param rows how many there are
   */
  public record Member(String name, int first, int rows) {}

  /**
   * The attributes that say which tensors a matrix holds.
   *
   * @param rows outputs by name, in order
   */
  public static Map<String, String> attributes(Map<String, Integer> rows) {
    Map<String, String> out = new LinkedHashMap<>();
    rows.forEach((name, count) -> out.put(KEY + name, String.valueOf(count)));
    return out;
  }

  /**
   * The tensors of a matrix; itself where nothing was joined.
   *
   * @throws IllegalArgumentException where they do not fill the matrix
   */
  static List<Member> members(String name, Descriptor d) {
    List<Member> members = new ArrayList<>();
    Set<String> names = new HashSet<>();
    long next = 0;
    for (Map.Entry<String, String> e : d.attributes().entrySet()) {
      if (e.getKey().startsWith(KEY)) {
        String member = e.getKey().substring(KEY.length());
        int rows = rows(member, e.getValue());
        if (!names.add(member) || next + rows > d.rows()) {
          throw new IllegalArgumentException("joined tensors have more rows than " + d.rows());
        }
        members.add(new Member(member, (int) next, rows));
        next += rows;
      }
    }
    if (members.isEmpty()) {
      return List.of(new Member(name, 0, d.rows()));
    }
    if (next != d.rows()) {
      throw new IllegalArgumentException(
          "joined tensors have " + next + " of " + d.rows() + " rows");
    }
    return List.copyOf(members);
  }

  private static int rows(String member, String text) {
    boolean digits = !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!digits || text.length() > 9 || text.charAt(0) == '0') {
      throw new IllegalArgumentException("joined tensor " + member + " has " + text + " rows");
    }
    return Integer.parseInt(text);
  }
}
