package dev.filigree.decoder.block;

import ai.djl.nn.Parameter;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;
import java.util.Map;

/** The parameters of a block as the tensors of a model. */
record WeightsOfBlock(DecoderConfig config, Map<String, Parameter> parameters)
    implements DecoderWeights {

  @Override
  public ByteBuffer floats(String name) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    float[] values = parameter.getArray().toFloatArray();
    ByteBuffer out = AlignedMemory.allocate(Math.multiplyExact(4, values.length));
    out.asFloatBuffer().put(values);
    return out;
  }
}
