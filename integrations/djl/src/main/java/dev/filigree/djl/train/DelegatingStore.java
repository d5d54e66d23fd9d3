package dev.filigree.djl.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;

/** A parameter store that passes everything on to another. */
abstract class DelegatingStore extends ParameterStore {
  private final ParameterStore delegate;

  DelegatingStore(ParameterStore delegate) {
    this.delegate = delegate;
  }

  @Override
  public NDArray getValue(Parameter parameter, Device device, boolean training) {
    return delegate.getValue(parameter, device, training);
  }

  @Override
  public void setParameterServer(ParameterServer server, Device[] devices) {
    delegate.setParameterServer(server, devices);
  }

  @Override
  public void updateAllParameters() {
    delegate.updateAllParameters();
  }

  @Override
  public NDManager getManager() {
    return delegate.getManager();
  }

  @Override
  public void sync() {
    delegate.sync();
  }
}
