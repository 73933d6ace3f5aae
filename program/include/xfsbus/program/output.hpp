#pragma once

#include <array>
#include <cstddef>
#include <ostream>
#include <streambuf>

namespace xfsbus::program {

/// Takes what a stream writes to a descriptor, and keeps why it could not be written: the streams
/// of the library forget that. Once something is lost the stream is bad, and nothing more is
/// written. One thread at a time.
class Output final : private std::streambuf {
  public:
    /// `stream` writes through this as long as this lives. Nothing of it may be buffered before.
    Output(std::ostream& stream, int fd);
    /// Does not write what waits: see flush().
    ~Output() override;
    Output(Output const&) = delete;
    Output& operator=(Output const&) = delete;

    /// Writes what waits. The errno of what could not be written, now or before; 0: all was.
    int flush();

  private:
    int_type overflow(int_type c) override;
    int sync() override;
    bool drain();
    bool write_some(char const*& from);

    static constexpr std::size_t buffer_bytes = 16 * 1024;

    std::ostream& stream_;
    std::streambuf* before_;
    int fd_;
    int error_ = 0;
    std::array<char, buffer_bytes> buffer_{};
};

}  // namespace xfsbus::program
