#include "runtime/open_file.hpp"

#include <xfsbus/peer/reader.hpp>

#include <utility>

namespace xfsbus::peer {

Reader::Reader(std::shared_ptr<runtime::OpenFile> file) : file_(std::move(file)) {}

std::string const& Reader::name() const {
    return file_->name();
}

std::string const& Reader::content() const {
    return file_->content();
}

std::uint64_t Reader::size() const {
    return file_->size();
}

Result<std::size_t> Reader::read(std::uint64_t offset, std::span<std::byte> buffer,
                                 Wait const& wait) const {
    return file_->read(offset, buffer, wait);
}

Result<std::optional<std::size_t>> Reader::send(int socket, std::uint64_t offset,
                                                std::uint64_t most, Wait const& wait) const {
    return file_->send(socket, offset, most, wait);
}

Status Reader::wait_until_whole(Wait const& wait) const {
    return file_->wait_until_whole(wait);
}

}  // namespace xfsbus::peer
