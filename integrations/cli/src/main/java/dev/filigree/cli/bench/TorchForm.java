package dev.filigree.cli.bench;

/** Other ways in which libtorch can hold the weights. */
enum TorchForm {
  /** Dense in bfloat16; inputs are converted in the call, and outputs back. */
  BF16("libtorch bf16") {
    @Override
    String convert() {
      return "    w = torch.to(dense, " + BFLOAT16 + ")\n";
    }

    @Override
    String input() {
      return "torch.to(x, " + BFLOAT16 + ")";
    }

    @Override
    String product(String x, int matrix, int batch) {
      return "torch.linear(" + x + ", w" + matrix + ")";
    }

    @Override
    String output(String y) {
      return "torch.to(" + y + ", " + FLOAT32 + ")";
    }

    @Override
    long bytes(long weights, long kept, long rows) {
      return 2 * weights;
    }
  },

  /**
   * Compressed sparse rows in float32. Indices have 32 bits: with 64, which is what libtorch makes
   * by itself, MKL's products convert all of them in every call, which takes several times longer.
   */
  CSR("libtorch CSR") {
    @Override
    String convert() {
      return """
          s = torch.to_sparse_csr(dense)
          rows = torch.to(torch.crow_indices(s), %1$d)
          columns = torch.to(torch.col_indices(s), %1$d)
          w = torch.sparse_csr_tensor(rows, columns, torch.values(s), torch.size(dense))
      """
          .formatted(INT32);
    }

    @Override
    String input() {
      return "x";
    }

    // A vector has a faster product of its own.
    @Override
    String product(String x, int matrix, int batch) {
      return batch == 1
          ? "torch.unsqueeze(torch.mv(w" + matrix + ", torch.select(" + x + ", 0, 0)), 0)"
          : "torch.contiguous(torch.t(torch.matmul(w" + matrix + ", torch.t(" + x + "))))";
    }

    @Override
    String output(String y) {
      return y;
    }

    @Override
    long bytes(long weights, long kept, long rows) {
      return 8 * kept + 4 * rows;
    }
  };

  /** libtorch's numbers of types. */
  private static final int INT32 = 3;

  private static final int FLOAT32 = 6;
  private static final int BFLOAT16 = 15;

  private final String label;

  TorchForm(String label) {
    this.label = label;
  }

  /** The name in results. */
  String label() {
    return label;
  }

  /** Statements that make {@code w} of {@code dense}. */
  abstract String convert();

  /** The input {@code x} as products take it. */
  abstract String input();

  /** The expression of a product with weights {@code w0}, {@code w1} and so on. */
  abstract String product(String x, int matrix, int batch);

  /** A result as float32. */
  abstract String output(String y);

  /** Bytes of that many weights, of which so many are kept, in so many rows. */
  abstract long bytes(long weights, long kept, long rows);
}
