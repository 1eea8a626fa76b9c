#pragma once

#include <zlib.h>

#include <string>

namespace peer::test {

/// A client's compressor that keeps its window, and may end blocks as it likes.
class ZlibStream {
 public:
  ZlibStream() { deflateInit2(&stream_, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY); }
  ~ZlibStream() { deflateEnd(&stream_); }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;

  /// The payload of a compressed message (RFC 7692 7.2.1).
  std::string message(std::string text) {
    const std::string bytes = deflate(text, Z_SYNC_FLUSH);
    return bytes.substr(0, bytes.size() - 4);
  }
  /// One that ends with a final block (RFC 7692 7.2.3.4). Forgets the window.
  std::string final_message(std::string text) {
    const std::string bytes = deflate(text, Z_FINISH);
    deflateReset(&stream_);
    return bytes;
  }

 private:
  std::string deflate(std::string& text, int flush) {
    std::string out(deflateBound(&stream_, text.size()) + 64, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(text.data());
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream_, flush);
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

  z_stream stream_{};
};

}  // namespace peer::test
