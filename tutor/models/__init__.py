"""Chat models behind LangChain's `BaseChatModel`, made by one factory, and the host that keeps one for the
page.

spec -> base -> openai, huggingface, gguf -> llamacpp, scripted -> store -> factory -> host
"""
