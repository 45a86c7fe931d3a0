"""Trained models at work: sessions of ONNX Runtime as guests of the ensemble and of the anomaly watch."""
