;;; parley.el --- Parley in Emacs, by eglot -*- lexical-binding: t; -*-

;; For Emacs 28 and newer.  Configuration, and what the protocol leaves to an editor's own side: asking for an
;; instruction, showing an explanation, telling what is going on.  What is done to code is the server's.

(require 'eglot)

(defclass parley-server (eglot-lsp-server) ()
  :documentation "The language server Parley, by itself or behind a multiplexer.")

(defvar parley-modes
  '(python-mode js-mode go-mode rust-mode java-mode c-mode c++-mode csharp-mode ruby-mode lua-mode php-mode sh-mode)
  "Major modes for which Parley is the language server.")

(add-to-list 'eglot-server-programs `(,parley-modes . (parley-server "parley" "serve")))

(defun parley-refactor (instruction)
  "Change the region, or the definition at point, as INSTRUCTION says."
  (interactive (list (read-string "What should change? ")))
  (parley--execute "parley.refactor" (parley--argument :instruction instruction)))

(defun parley-explain (&optional question)
  "Explain the region or the definition at point; with a prefix argument, answer QUESTION about it."
  (interactive (list (and current-prefix-arg (read-string "What do you want to know? "))))
  (parley--execute "parley.explain"
                   (apply #'parley--argument :show :json-false :wait t
                          (and question (list :instruction question)))
                   (lambda (finished)
                     (if-let ((text (plist-get finished :text)))
                         (parley--show text)
                       (message "Parley: %s" (plist-get finished :message))))))

(defun parley-apply ()
  "Apply the latest change that was kept instead of applied."
  (interactive)
  (parley--execute "parley.apply" nil))

(defun parley-cancel ()
  "Cancel every request that runs."
  (interactive)
  (parley--execute "parley.cancel" nil
                   (lambda (result)
                     (message (if (seq-empty-p (plist-get result :cancelled))
                                  "Parley: nothing is running that could be cancelled."
                                "Parley: cancelled; nothing was changed.")))))

(defun parley--argument (&rest more)
  "The argument of a command about the region or point, with MORE."
  (let ((start (if (use-region-p) (region-beginning) (point)))
        (end (if (use-region-p) (region-end) (point))))
    (append (list :textDocument (eglot--VersionedTextDocumentIdentifier)
                  :range (list :start (eglot--pos-to-lsp-position start) :end (eglot--pos-to-lsp-position end)))
            more)))

(defun parley--execute (command argument &optional then)
  "Execute COMMAND with ARGUMENT, without waiting, for the text as it is now; call THEN with the answer."
  (let ((server (or (eglot-current-server) (user-error "Parley is not connected here; M-x eglot starts it"))))
    (eglot--signal-textDocument/didChange)
    (jsonrpc-async-request server :workspace/executeCommand
                           (list :command command :arguments (if argument (vector argument) []))
                           :timeout nil
                           :success-fn (or then #'ignore)
                           :error-fn (lambda (err) (message "Parley: %s" (plist-get err :message))))))

(defun parley--show (text)
  "Show TEXT, which is Markdown, in a buffer of its own."
  (with-current-buffer (get-buffer-create "*parley*")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min)))
    (special-mode)
    (display-buffer (current-buffer))))

(cl-defmethod eglot-handle-request :around ((server parley-server) (_method (eql workspace/applyEdit)) &rest _)
  "Make an edit of SERVER one undo step, and tell at once that it was made."
  (let ((buffers (eglot--managed-buffers server)))
    (dolist (buffer buffers) (with-current-buffer buffer (undo-boundary)))
    (prog1 (cl-call-next-method)
      (dolist (buffer buffers)
        (with-current-buffer buffer
          (undo-boundary)
          (eglot--signal-textDocument/didChange))))))

(cl-defmethod eglot-handle-notification (_server (_method (eql parley/asked)) &key target &allow-other-keys)
  "Tell that a model is being asked about TARGET."
  (message "Parley: asking about %s" target))

(cl-defmethod eglot-handle-notification (_server (_method (eql parley/route)) &key model &allow-other-keys)
  "Tell that MODEL was chosen."
  (message "Parley: %s reads" model))

(cl-defmethod eglot-handle-notification (_server (_method (eql parley/repairing)) &key problem &allow-other-keys)
  "Tell that the answer had a PROBLEM."
  (message "Parley: asking again: %s" problem))

(provide 'parley)
;;; parley.el ends here
